import { CNNBlockBase } from "@detectron-ts/layers";
import { Conv2d, gelu, init, LayerNorm } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";

/** Options of {@link ResBottleneckBlock}. */
export interface ResBottleneckBlockOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Channels of the 3×3 convolution. */
  readonly bottleneckChannels: number;
  /** {@link gelu} when left out. */
  readonly activation?: (x: Tensor) => Tensor;
}

/**
 * A residual block of 1×1, 3×3 and 1×1 convolutions without an activation at its end, by which windows of tokens hear of each
 * other ("Exploring Plain Vision Transformer Backbones for Object Detection", Li et al. 2022, section 3). It starts as the
 * identity. Mirrors `detectron2.modeling.backbone.vit.ResBottleneckBlock`.
 */
export class ResBottleneckBlock extends CNNBlockBase {
  readonly conv1: Conv2d;
  readonly norm1: LayerNorm;
  readonly conv2: Conv2d;
  readonly norm2: LayerNorm;
  readonly conv3: Conv2d;
  readonly norm3: LayerNorm;
  readonly activation: (x: Tensor) => Tensor;

  constructor(options: ResBottleneckBlockOptions) {
    const { inChannels, outChannels, bottleneckChannels, activation = gelu } = options;
    super({ inChannels, outChannels, stride: 1 });
    this.conv1 = createConv(inChannels, bottleneckChannels, 1);
    this.norm1 = new LayerNorm({ numChannels: bottleneckChannels });
    this.conv2 = createConv(bottleneckChannels, bottleneckChannels, 3);
    this.norm2 = new LayerNorm({ numChannels: bottleneckChannels });
    this.conv3 = createConv(bottleneckChannels, outChannels, 1);
    this.norm3 = new LayerNorm({ numChannels: outChannels });
    init.constant(this.norm3.weight, 0);
    this.activation = activation;
  }

  /** @param x N×inChannels×H×W. */
  forward(x: Tensor): Tensor {
    const first = this.activation(this.norm1(this.conv1(x)));
    const second = this.activation(this.norm2(this.conv2(first)));
    return x.add(this.norm3(this.conv3(second)));
  }
}

function createConv(inChannels: number, outChannels: number, kernelSize: number): Conv2d {
  const padding = (kernelSize - 1) / 2;
  const conv = new Conv2d({ inChannels, outChannels, kernelSize, padding, bias: false });
  init.c2MSRAFill(conv);
  return conv;
}
