import { OptionError, type ShapeSpec } from "@detectron-ts/layers";
import {
  Conv2d,
  CycleBatchNormList,
  getNorm,
  init,
  Module,
  type NormFactory,
  relu,
  Sequential,
} from "@detectron-ts/nn";
import { LengthMismatchError } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";

/** Options of {@link TwoTowerHead} and the heads that are one. */
export interface TwoTowerHeadOptions {
  /** Shape of each feature map, all of as many channels. */
  readonly inputShape: readonly ShapeSpec[];
  /** Classes to tell apart; there is no class for the background. */
  readonly numClasses: number;
  /** Anchors at each location. */
  readonly numAnchors: number;
  /** Output channels of the convolutions of each tower. */
  readonly convDims: readonly number[];
  /**
   * Normalisation behind these convolutions, by its name or by a function that makes it; none by default. Of BN and SyncBN
   * there is one for each feature map, see `CycleBatchNormList` of `@detectron-ts/nn`; of others, one for all.
   */
  readonly norm?: string | NormFactory;
  /** Probability that every anchor begins with for every class; 0.01 by default. */
  readonly priorProb?: number;
}

/**
 * What the heads of dense detectors have in common: two towers of 3×3 convolutions on each feature map, of equal build and
 * with weights of their own, one for classes and one for boxes. All feature maps share them.
 *
 * Weights begin normal with standard deviation 0.01 and biases zero, but for the bias of `clsScore`, which begins where
 * its sigmoid is `priorProb`: else the many anchors of the background would make the first losses ("Focal Loss for Dense
 * Object Detection", Lin et al. 2017, section 3.3).
 *
 * @typeParam Predictions - for each kind of prediction, one tensor for each feature map.
 */
export abstract class TwoTowerHead<Predictions> extends Module<
  [features: readonly Tensor[]],
  Predictions
> {
  readonly clsSubnet: Sequential;
  readonly bboxSubnet: Sequential;
  readonly clsScore: Conv2d;
  readonly bboxPred: Conv2d;
  /** Channels of what comes out of a tower. */
  protected readonly towerChannels: number;
  readonly #numFeatures: number;

  /** @throws OptionError of `@detectron-ts/layers`; LayerOptionError of `@detectron-ts/nn` for an unknown norm. */
  constructor(options: TwoTowerHeadOptions) {
    super();
    const { inputShape, numClasses, numAnchors, convDims, norm = "", priorProb = 0.01 } = options;
    const [inChannels] = inputShape.map(({ channels }) => channels);
    if (inChannels === undefined || inputShape.some(({ channels }) => channels !== inChannels)) {
      throw new OptionError("inputShape", inputShape, "feature maps of known and equal channels");
    }
    const towerChannels = convDims.at(-1);
    if (towerChannels === undefined) {
      throw new OptionError("convDims", convDims, "a list of at least one number");
    }
    if (!(priorProb > 0 && priorProb < 1)) {
      throw new OptionError("priorProb", priorProb, "above 0 and below 1");
    }
    const normOfLevels = norm === "BN" || norm === "SyncBN" ? cycling(inputShape.length) : norm;
    this.clsSubnet = tower(inChannels, convDims, normOfLevels);
    this.bboxSubnet = tower(inChannels, convDims, normOfLevels);
    this.clsScore = predictor(towerChannels, numAnchors * numClasses);
    this.bboxPred = predictor(towerChannels, numAnchors * 4);
    init.constant(this.clsScore.bias!, -Math.log((1 - priorProb) / priorProb));
    this.towerChannels = towerChannels;
    this.#numFeatures = inputShape.length;
  }

  /** @throws LengthMismatchError of `@detectron-ts/structures` unless there are as many as the head was built for. */
  protected checkFeatures(features: readonly Tensor[]): void {
    if (features.length !== this.#numFeatures) {
      throw new LengthMismatchError("Feature maps", features.length, this.#numFeatures);
    }
  }
}

/** A 3×3 convolution that keeps the size of a feature map, with the weights that heads begin with. */
export function predictor(inChannels: number, outChannels: number): Conv2d {
  const conv = new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1 });
  init.normal(conv.weight, { std: 0.01 });
  init.constant(conv.bias!, 0);
  return conv;
}

/** Convolutions, each with its norm and a ReLU. */
function tower(
  inChannels: number,
  convDims: readonly number[],
  norm: string | NormFactory,
): Sequential {
  const layers = convDims.flatMap((channels, i) => {
    const conv = predictor(convDims[i - 1] ?? inChannels, channels);
    const normLayer = getNorm(norm, channels);
    return normLayer === null ? [conv, relu] : [conv, normLayer, relu];
  });
  return new Sequential(...layers);
}

function cycling(length: number): NormFactory {
  return (numFeatures) => new CycleBatchNormList({ length, numFeatures });
}
