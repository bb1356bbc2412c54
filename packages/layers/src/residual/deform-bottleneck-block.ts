import { Conv2d, getNorm, init } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { DeformConv, ModulatedDeformConv } from "../deform-conv/deform-conv.ts";
import type { BottleneckBlockOptions } from "./bottleneck-block.ts";
import { CNNBlockBase } from "./cnn-block.ts";
import { createShortcut } from "./shortcut.ts";

/** Options of {@link DeformBottleneckBlock}. */
export interface DeformBottleneckBlockOptions extends BottleneckBlockOptions {
  /** Whether samples are weighted by a learned mask (version 2); false when left out. */
  readonly deformModulated?: boolean;
  /** Channel groups with offsets of their own; 1 when left out. */
  readonly deformNumGroups?: number;
}

/**
 * A bottleneck block whose 3×3 convolution is deformable. `conv2Offset`, an ordinary 3×3 convolution that
 * starts at zero, predicts the offsets (and, if modulated, the logits of the mask) from the same features.
 * Mirrors `detectron2.modeling.backbone.resnet.DeformBottleneckBlock`.
 */
export class DeformBottleneckBlock extends CNNBlockBase {
  readonly shortcut: Conv2d | null;
  readonly conv1: Conv2d;
  readonly conv2Offset: Conv2d;
  readonly conv2: DeformConv | ModulatedDeformConv;
  readonly conv3: Conv2d;

  constructor(options: DeformBottleneckBlockOptions) {
    const { inChannels, outChannels, bottleneckChannels, stride = 1, norm = "BN" } = options;
    const { numGroups = 1, strideIn1x1 = false, dilation = 1 } = options;
    const { deformModulated = false, deformNumGroups = 1 } = options;
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
    const walk = { kernelSize: 3, stride: strideIn1x1 ? 1 : stride, padding: dilation, dilation };
    // Δy and Δx, and the mask's logit, for each of the nine taps.
    const valuesPerTap = deformModulated ? 3 : 2;
    this.conv2Offset = new Conv2d({
      inChannels: bottleneckChannels,
      outChannels: valuesPerTap * 9 * deformNumGroups,
      ...walk,
    });
    const deformOptions = {
      inChannels: bottleneckChannels,
      outChannels: bottleneckChannels,
      ...walk,
      groups: numGroups,
      deformableGroups: deformNumGroups,
      norm: getNorm(norm, bottleneckChannels),
    };
    this.conv2 = deformModulated
      ? new ModulatedDeformConv({ ...deformOptions, bias: false })
      : new DeformConv(deformOptions);
    this.conv3 = new Conv2d({
      inChannels: bottleneckChannels,
      outChannels,
      kernelSize: 1,
      bias: false,
      norm: getNorm(norm, outChannels),
    });
    for (const conv of [this.conv1, this.conv2, this.conv3]) init.c2MSRAFill(conv);
    init.constant(this.conv2Offset.weight, 0);
    if (this.conv2Offset.bias) init.constant(this.conv2Offset.bias, 0);
  }

  forward(x: Tensor): Tensor {
    const features = this.conv1(x).relu();
    const residual = this.conv3(this.deform(features).relu());
    return residual.add(this.shortcut ? this.shortcut(x) : x).relu();
  }

  private deform(features: Tensor): Tensor {
    const predicted = this.conv2Offset(features);
    if (this.conv2 instanceof DeformConv) return this.conv2(features, predicted);
    // The first two thirds of the channels are offsets, the last third is the mask.
    const channels = predicted.shape[1];
    const offset = predicted.slice(1, 0, (channels / 3) * 2);
    const mask = predicted.slice(1, (channels / 3) * 2, channels).sigmoid();
    return this.conv2(features, offset, mask);
  }
}
