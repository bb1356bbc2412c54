import { Conv2d, type NormFactory, getNorm, init } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { CNNBlockBase } from "./cnn-block.ts";
import { createShortcut } from "./shortcut.ts";

/** Options of {@link BasicBlock}. */
export interface BasicBlockOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Stride of the first convolution; 1 when left out. */
  readonly stride?: number;
  /** What normalises each convolution, as {@link getNorm} takes it; `"BN"` when left out. */
  readonly norm?: string | NormFactory | null;
}

/**
 * The residual block of ResNet-18 and -34: two 3×3 convolutions ("Deep Residual Learning for Image
 * Recognition", He et al. 2016, fig. 5 left). Mirrors `detectron2.modeling.backbone.resnet.BasicBlock`.
 */
export class BasicBlock extends CNNBlockBase {
  readonly shortcut: Conv2d | null;
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;

  constructor({ inChannels, outChannels, stride = 1, norm = "BN" }: BasicBlockOptions) {
    super({ inChannels, outChannels, stride });
    this.shortcut = createShortcut(inChannels, outChannels, stride, norm);
    this.conv1 = new Conv2d({
      inChannels,
      outChannels,
      kernelSize: 3,
      stride,
      padding: 1,
      bias: false,
      norm: getNorm(norm, outChannels),
    });
    this.conv2 = new Conv2d({
      inChannels: outChannels,
      outChannels,
      kernelSize: 3,
      padding: 1,
      bias: false,
      norm: getNorm(norm, outChannels),
    });
    init.c2MSRAFill(this.conv1);
    init.c2MSRAFill(this.conv2);
  }

  forward(x: Tensor): Tensor {
    const residual = this.conv2(this.conv1(x).relu());
    return residual.add(this.shortcut ? this.shortcut(x) : x).relu();
  }
}
