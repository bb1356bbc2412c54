import { CNNBlockBase } from "@detectron-ts/layers";
import {
  type Conv2d,
  getNorm,
  type Layer,
  type Norm,
  type NormFactory,
  relu,
} from "@detectron-ts/nn";
import { maxPool2d, type Tensor } from "@detectron-ts/tensor";
import { convolution } from "./convolution.ts";

/** What every stem of an {@link AnyNet} is told. */
export interface StemOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** What normalises the convolution, as `getNorm` takes it; `"BN"` when left out. */
  readonly norm?: string | NormFactory | null;
  /** {@link relu} when left out. */
  readonly activation?: Layer;
}

/** Convolution, norm and activation, as modules of their own in checkpoints. */
abstract class ConvStem extends CNNBlockBase {
  readonly conv: Conv2d;
  readonly bn: Norm | null;
  readonly activation: Layer;

  constructor(
    { inChannels, outChannels, norm = "BN", activation = relu }: StemOptions,
    stride: number,
    kernelSize: number,
  ) {
    super({ inChannels, outChannels, stride });
    this.conv = convolution({ inChannels, outChannels, kernelSize, stride: 2 });
    this.bn = getNorm(norm, outChannels);
    this.activation = activation;
  }

  forward(x: Tensor): Tensor {
    const convolved = this.conv(x);
    return this.activation(this.bn ? this.bn(convolved) : convolved);
  }
}

/** A 3×3 convolution of stride 2. Mirrors `detectron2.modeling.backbone.regnet.SimpleStem`. */
export class SimpleStem extends ConvStem {
  constructor(options: StemOptions) {
    super(options, 2, 3);
  }
}

/**
 * A 7×7 convolution of stride 2 and a 3×3 max pooling of stride 2, as ResNets begin. Mirrors
 * `detectron2.modeling.backbone.regnet.ResStem`.
 */
export class ResStem extends ConvStem {
  constructor(options: StemOptions) {
    super(options, 4, 7);
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(super.forward(x), { kernelSize: 3, stride: 2, padding: 1 });
  }
}
