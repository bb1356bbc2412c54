import type { FeatureMaps } from "@detectron-ts/backbone";
import type { Config } from "@detectron-ts/config";
import { crossEntropy, OptionError, type ShapeSpec } from "@detectron-ts/layers";
import {
  Conv2d,
  getNorm,
  init,
  Module,
  type NormFactory,
  relu,
  Sequential,
} from "@detectron-ts/nn";
import type { Losses } from "@detectron-ts/roi-heads";
import { interpolate, realize, type Tensor } from "@detectron-ts/tensor";

import type { SemSegHeadArgs, SemSegHeadOutput } from "./sem-seg-head.ts";

/** Options of {@link SemSegFPNHead}. */
export interface SemSegFPNHeadOptions {
  /** Channels and stride of the features to use, by name. */
  readonly inputShape: Readonly<Record<string, ShapeSpec>>;
  /** Classes to tell apart, things that are not told apart among themselves included. */
  readonly numClasses: number;
  /** Channels of the convolutions in between. */
  readonly convDims: number;
  /** Stride that all features are upsampled to before they are added. */
  readonly commonStride: number;
  /** Factor of the loss; 1 when left out. */
  readonly lossWeight?: number;
  /** Norm of the 3×3 convolutions; none when left out. */
  readonly norm?: string | NormFactory | null;
  /** Label of pixels that do not train; -1 when left out. */
  readonly ignoreValue?: number;
}

/**
 * The semantic segmentation branch of "Panoptic Feature Pyramid Networks" (Kirillov et al. 2019, fig. 3): each feature goes
 * through 3×3 convolutions and bilinear upsamplings by 2 until it has the common stride; a 1×1 convolution of their sum
 * gives the logits, which are upsampled to the size of the image. Mirrors `detectron2.modeling.SemSegFPNHead`.
 *
 * Layers are called as their feature is: `p4.0` and `p4.2` are the convolutions of `p4`.
 */
export class SemSegFPNHead extends Module<SemSegHeadArgs, Promise<SemSegHeadOutput>> {
  /** Names of the features to use, the finest first. */
  readonly inFeatures: readonly string[];
  readonly numClasses: number;
  readonly commonStride: number;
  readonly lossWeight: number;
  readonly ignoreValue: number;
  // Private, so that modules keep the order in which they are registered: that of detectron2's parameters.
  readonly #predictor: Conv2d;

  /** @throws OptionError of `@detectron-ts/layers` for no feature, or one whose stride is not the common one times 2ⁿ. */
  constructor(options: SemSegFPNHeadOptions) {
    super();
    const { numClasses, convDims, commonStride, lossWeight = 1, ignoreValue = -1 } = options;
    const features = Object.entries(options.inputShape).map(([name, shape]) => ({
      name,
      channels: requireNumber(name, "channels", shape.channels),
      stride: requireNumber(name, "stride", shape.stride),
    }));
    if (features.length === 0) throw new OptionError("inputShape", {}, "one feature at least");
    features.sort((a, b) => a.stride - b.stride);

    this.inFeatures = features.map(({ name }) => name);
    this.numClasses = numClasses;
    this.commonStride = commonStride;
    this.lossWeight = lossWeight;
    this.ignoreValue = ignoreValue;
    for (const { name, channels, stride } of features) {
      const doublings = Math.log2(stride / commonStride);
      if (!Number.isInteger(doublings) || doublings < 0) {
        const wanted = `the common stride ${commonStride} times a power of 2`;
        throw new OptionError(`the stride of ${name}`, stride, wanted);
      }
      this.registerModule(name, scaleHead(channels, convDims, doublings, options.norm ?? null));
    }
    this.#predictor = this.registerModule(
      "predictor",
      new Conv2d({ inChannels: convDims, outChannels: numClasses, kernelSize: 1 }),
    );
    init.c2MSRAFill(this.#predictor);
  }

  /** Options from `MODEL.SEM_SEG_HEAD`; of IN_FEATURES, those that the backbone has. */
  static fromConfig(
    cfg: Config,
    inputShape: Readonly<Record<string, ShapeSpec>>,
  ): SemSegFPNHeadOptions {
    const head = cfg.MODEL.SEM_SEG_HEAD;
    const used = Object.entries(inputShape).filter(([name]) => head.IN_FEATURES.includes(name));
    return {
      inputShape: Object.fromEntries(used),
      numClasses: head.NUM_CLASSES,
      convDims: head.CONVS_DIM,
      commonStride: head.COMMON_STRIDE,
      lossWeight: head.LOSS_WEIGHT,
      norm: head.NORM,
      ignoreValue: head.IGNORE_VALUE,
    };
  }

  /** The 1×1 convolution to logits. */
  get predictor(): Conv2d {
    return this.#predictor;
  }

  async forward(features: FeatureMaps, targets?: Tensor): Promise<SemSegHeadOutput> {
    const predictions = this.layers(features);
    if (this.training) {
      return [this.#upsample(predictions), targets ? this.losses(predictions, targets) : {}];
    }
    // What stands on the logits next is made image by image: it should start from these, a sixteenth of the size of what
    // they are upsampled to, and not from the image again.
    await realize(predictions);
    return [this.#upsample(predictions), {}];
  }

  /** Logits at the common stride, N×C×H×W; lazy. */
  layers(features: FeatureMaps): Tensor {
    const scaled = this.inFeatures.map((name) =>
      this.getSubmodule(name, Module<[x: Tensor], Tensor>)(features[name]),
    );
    return this.#predictor(scaled.reduce((sum, each) => sum.add(each)));
  }

  /**
   * `loss_sem_seg`: the mean cross entropy of the pixels that are not ignored, of the logits upsampled to the size of the
   * padded images.
   *
   * @param predictions - logits at the common stride.
   * @param targets - N×H×W, int32.
   */
  losses(predictions: Tensor, targets: Tensor): Losses {
    const loss = crossEntropy(this.#upsample(predictions), targets, {
      ignoreIndex: this.ignoreValue,
    });
    return { loss_sem_seg: loss.mul(this.lossWeight) };
  }

  #upsample(predictions: Tensor): Tensor {
    return interpolate(predictions, { scaleFactor: this.commonStride, mode: "bilinear" });
  }
}

/** Convolutions that bring a feature to the common stride, each followed by a doubling; one alone if it is there already. */
function scaleHead(
  channels: number,
  convDims: number,
  doublings: number,
  norm: string | NormFactory | null,
): Sequential {
  const layers = new Sequential();
  for (let i = 0; i < Math.max(1, doublings); i++) {
    const normLayer = getNorm(norm, convDims);
    const conv = new Conv2d({
      inChannels: i === 0 ? channels : convDims,
      outChannels: convDims,
      kernelSize: 3,
      padding: 1,
      bias: normLayer === null,
      norm: normLayer,
      activation: relu,
    });
    init.c2MSRAFill(conv);
    layers.add(conv);
    if (doublings > 0) layers.add(double);
  }
  return layers;
}

function double(x: Tensor): Tensor {
  return interpolate(x, { scaleFactor: 2, mode: "bilinear" });
}

function requireNumber(feature: string, what: string, value: number | undefined): number {
  if (value === undefined) throw new OptionError(`the ${what} of ${feature}`, value, "given");
  return value;
}
