import type { Config } from "@detectron-ts/config";
import { type ShapeSpec, OptionError } from "@detectron-ts/layers";
import { Conv2d, getNorm, init, Linear, relu, Sequential } from "@detectron-ts/nn";

import { flatSize, requireChannels } from "../input-shape.ts";
import type { BoxHead } from "./box-head.ts";

/** Options of {@link FastRCNNConvFCHead}. */
export interface FastRCNNConvFCHeadOptions {
  /** Of one pooled region: channels, height and width. */
  readonly inputShape: ShapeSpec;
  /** Output channels of each 3×3 convolution. */
  readonly convDims: readonly number[];
  /** Output features of each fully connected layer. */
  readonly fcDims: readonly number[];
  /** Norm of the convolutions; empty, the default, for none. */
  readonly convNorm?: string;
}

/**
 * A box head of 3×3 convolutions (`conv1`, `conv2`, …) and fully connected layers (`fc1`, `fc2`, …), each followed by
 * ReLU. Regions R×C×H×W become features R×D, or R×D×H×W without fully connected layers. Mirrors
 * `detectron2.modeling.roi_heads.FastRCNNConvFCHead`.
 */
export class FastRCNNConvFCHead extends Sequential implements BoxHead {
  readonly outputShape: ShapeSpec;

  /** @throws {@link OptionError} without any layer. */
  constructor({ inputShape, convDims, fcDims, convNorm = "" }: FastRCNNConvFCHeadOptions) {
    super();
    if (convDims.length + fcDims.length === 0) {
      throw new OptionError("convDims and fcDims", [], "one layer or more together");
    }
    let inChannels = requireChannels(inputShape);
    convDims.forEach((outChannels, i) => {
      const norm = getNorm(convNorm, outChannels);
      const geometry = { inChannels, outChannels, kernelSize: 3, padding: 1 };
      const conv = new Conv2d({ ...geometry, bias: norm === null, norm, activation: relu });
      init.c2MSRAFill(conv);
      this.add(conv, `conv${i + 1}`);
      inChannels = outChannels;
    });

    let outputShape: ShapeSpec = { ...inputShape, channels: inChannels };
    fcDims.forEach((outFeatures, i) => {
      if (i === 0) this.add((x) => x.flatten(1), "flatten");
      const fc = new Linear({ inFeatures: flatSize(outputShape), outFeatures });
      init.c2XavierFill(fc);
      this.add(fc, `fc${i + 1}`).add(relu, `fc_relu${i + 1}`);
      outputShape = { channels: outFeatures };
    });
    this.outputShape = outputShape;
  }

  /** Options from `MODEL.ROI_BOX_HEAD`. */
  static fromConfig(cfg: Config, inputShape: ShapeSpec): FastRCNNConvFCHeadOptions {
    const { NUM_CONV, CONV_DIM, NUM_FC, FC_DIM, NORM } = cfg.MODEL.ROI_BOX_HEAD;
    return {
      inputShape,
      convDims: Array.from({ length: NUM_CONV }, () => CONV_DIM),
      fcDims: Array.from({ length: NUM_FC }, () => FC_DIM),
      convNorm: NORM,
    };
  }
}
