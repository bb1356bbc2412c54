import type { Config } from "@detectron-ts/config";
import { type ShapeSpec, OptionError } from "@detectron-ts/layers";
import { Conv2d, ConvTranspose2d, getNorm, init, relu, Sequential } from "@detectron-ts/nn";
import type { Instances } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";
import type { NdArray } from "ndarray";

import type { GivenBoxFields, LabeledProposalFields, Losses } from "../fields.ts";
import { requireChannels } from "../input-shape.ts";
import type { MaskHead } from "./mask-head.ts";
import { maskRcnnInference } from "./mask-rcnn-inference.ts";
import { maskRcnnLoss } from "./mask-rcnn-loss.ts";

/** Options of {@link MaskRCNNConvUpsampleHead}. */
export interface MaskRCNNConvUpsampleHeadOptions {
  /** Of one pooled region. */
  readonly inputShape: ShapeSpec;
  /** Masks per region: the number of foreground classes, or 1 for masks that are the same for all classes. */
  readonly numClasses: number;
  /** Output channels of each 3×3 convolution, and last of the transposed convolution. */
  readonly convDims: readonly number[];
  /** Norm of the 3×3 convolutions; empty, the default, for none. */
  readonly convNorm?: string;
  /** Factor of the loss; 1 when left out. */
  readonly lossWeight?: number;
}

/**
 * The mask head of Mask R-CNN (He et al. 2017, fig. 4): 3×3 convolutions (`mask_fcn1`, `mask_fcn2`, …), a 2×2 transposed
 * convolution that doubles the size (`deconv`), and a 1×1 convolution to logits (`predictor`). Mirrors
 * `detectron2.modeling.roi_heads.MaskRCNNConvUpsampleHead`.
 */
export class MaskRCNNConvUpsampleHead extends Sequential implements MaskHead {
  // Private, so that the modules keep the order in which they are added: that of detectron2's parameters.
  readonly #deconv: ConvTranspose2d;
  readonly #predictor: Conv2d;
  /** Factor of the loss. Changed to rebalance losses, as panoptic models do. */
  lossWeight: number;

  /** @throws {@link OptionError} unless there is a number of channels for the transposed convolution. */
  constructor(options: MaskRCNNConvUpsampleHeadOptions) {
    super();
    const { inputShape, numClasses, convDims, convNorm = "", lossWeight = 1 } = options;
    const deconvDim = convDims.at(-1);
    if (deconvDim === undefined) throw new OptionError("convDims", convDims, "not empty");

    let inChannels = requireChannels(inputShape);
    convDims.slice(0, -1).forEach((outChannels, i) => {
      const norm = getNorm(convNorm, outChannels);
      const geometry = { inChannels, outChannels, kernelSize: 3, padding: 1 };
      const conv = new Conv2d({ ...geometry, bias: norm === null, norm, activation: relu });
      init.c2MSRAFill(conv);
      this.add(conv, `mask_fcn${i + 1}`);
      inChannels = outChannels;
    });
    this.#deconv = new ConvTranspose2d({
      inChannels,
      outChannels: deconvDim,
      kernelSize: 2,
      stride: 2,
    });
    init.c2MSRAFill(this.#deconv);
    this.#predictor = new Conv2d({ inChannels: deconvDim, outChannels: numClasses, kernelSize: 1 });
    init.normal(this.#predictor.weight, { std: 0.001 });
    init.constant(this.#predictor.bias, 0);
    this.add(this.#deconv, "deconv").add(relu, "deconv_relu").add(this.#predictor, "predictor");
    this.lossWeight = lossWeight;
  }

  /** The transposed convolution that doubles the size. */
  get deconv(): ConvTranspose2d {
    return this.#deconv;
  }

  /** The 1×1 convolution to logits. */
  get predictor(): Conv2d {
    return this.#predictor;
  }

  /** Options from `MODEL.ROI_MASK_HEAD` and `MODEL.ROI_HEADS`. */
  static fromConfig(cfg: Config, inputShape: ShapeSpec): MaskRCNNConvUpsampleHeadOptions {
    const { NUM_CONV, CONV_DIM, NORM, CLS_AGNOSTIC_MASK } = cfg.MODEL.ROI_MASK_HEAD;
    return {
      inputShape,
      numClasses: CLS_AGNOSTIC_MASK ? 1 : cfg.MODEL.ROI_HEADS.NUM_CLASSES,
      // One more than NUM_CONV: the last is the transposed convolution's.
      convDims: Array.from({ length: NUM_CONV + 1 }, () => CONV_DIM),
      convNorm: NORM,
    };
  }

  /** `loss_mask`; see {@link maskRcnnLoss}. */
  losses(x: Tensor, proposals: readonly Instances<LabeledProposalFields>[]): Losses {
    return { loss_mask: maskRcnnLoss(this(x), proposals).mul(this.lossWeight) };
  }

  /** See {@link maskRcnnInference}. */
  inference(
    x: Tensor,
    instances: readonly Instances<GivenBoxFields>[],
  ): Promise<NdArray<Float32Array>[]> {
    return maskRcnnInference(this(x), instances);
  }
}
