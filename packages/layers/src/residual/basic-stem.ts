import { Conv2d, type NormFactory, getNorm, init } from "@detectron-ts/nn";
import { type Tensor, maxPool2d } from "@detectron-ts/tensor";
import { CNNBlockBase } from "./cnn-block.ts";

/** Options of {@link BasicStem}. */
export interface BasicStemOptions {
  /** 3 when left out. */
  readonly inChannels?: number;
  /** 64 when left out. */
  readonly outChannels?: number;
  /** What normalises each convolution, as {@link getNorm} takes it; `"BN"` when left out. */
  readonly norm?: string | NormFactory | null;
}

/**
 * What a ResNet does before its first stage: a 7×7 convolution of stride 2 and a 3×3 max pooling of
 * stride 2. Mirrors `detectron2.modeling.backbone.resnet.BasicStem`.
 */
export class BasicStem extends CNNBlockBase {
  readonly conv1: Conv2d;

  constructor({ inChannels = 3, outChannels = 64, norm = "BN" }: BasicStemOptions = {}) {
    super({ inChannels, outChannels, stride: 4 });
    this.conv1 = new Conv2d({
      inChannels,
      outChannels,
      kernelSize: 7,
      stride: 2,
      padding: 3,
      bias: false,
      norm: getNorm(norm, outChannels),
    });
    init.c2MSRAFill(this.conv1);
  }

  forward(x: Tensor): Tensor {
    return maxPool2d(this.conv1(x).relu(), { kernelSize: 3, stride: 2, padding: 1 });
  }
}
