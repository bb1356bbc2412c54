import { Conv2d, type NormFactory, getNorm, init } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { CNNBlockBase } from "./cnn-block.ts";
import { createShortcut } from "./shortcut.ts";

/** Options of {@link BottleneckBlock}. */
export interface BottleneckBlockOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Channels of the 3×3 convolution. */
  readonly bottleneckChannels: number;
  /** 1 when left out. */
  readonly stride?: number;
  /** Channel groups of the 3×3 convolution (ResNeXt); 1 when left out. */
  readonly numGroups?: number;
  /** What normalises each convolution, as {@link getNorm} takes it; `"BN"` when left out. */
  readonly norm?: string | NormFactory | null;
  /**
   * Whether the first 1×1 convolution has the stride (the original ResNet) or the 3×3 (torchvision's and
   * ResNeXt's). False when left out; detectron2's configs say true.
   */
  readonly strideIn1x1?: boolean;
  /** Dilation of the 3×3 convolution; 1 when left out. */
  readonly dilation?: number;
}

/**
 * The residual block of ResNet-50 and deeper: 1×1, 3×3 and 1×1 convolutions ("Deep Residual Learning for
 * Image Recognition", He et al. 2016, fig. 5 right). Mirrors
 * `detectron2.modeling.backbone.resnet.BottleneckBlock`.
 */
export class BottleneckBlock extends CNNBlockBase {
  readonly shortcut: Conv2d | null;
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly conv3: Conv2d;

  constructor(options: BottleneckBlockOptions) {
    const { inChannels, outChannels, bottleneckChannels, stride = 1, norm = "BN" } = options;
    const { numGroups = 1, strideIn1x1 = false, dilation = 1 } = options;
    super({ inChannels, outChannels, stride });
    this.shortcut = createShortcut(inChannels, outChannels, stride, norm);
    this.conv1 = new Conv2d({
      inChannels,
      outChannels: bottleneckChannels,
      kernelSize: 1,
      stride: strideIn1x1 ? stride : 1,
      bias: false,
      norm: getNorm(norm, bottleneckChannels),
    });
    this.conv2 = new Conv2d({
      inChannels: bottleneckChannels,
      outChannels: bottleneckChannels,
      kernelSize: 3,
      stride: strideIn1x1 ? 1 : stride,
      padding: dilation,
      dilation,
      groups: numGroups,
      bias: false,
      norm: getNorm(norm, bottleneckChannels),
    });
    this.conv3 = new Conv2d({
      inChannels: bottleneckChannels,
      outChannels,
      kernelSize: 1,
      bias: false,
      norm: getNorm(norm, outChannels),
    });
    for (const conv of [this.conv1, this.conv2, this.conv3]) init.c2MSRAFill(conv);
  }

  forward(x: Tensor): Tensor {
    const residual = this.conv3(this.conv2(this.conv1(x).relu()).relu());
    return residual.add(this.shortcut ? this.shortcut(x) : x).relu();
  }
}
