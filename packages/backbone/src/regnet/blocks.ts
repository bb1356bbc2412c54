import { CNNBlockBase, type CNNBlockOptions } from "@detectron-ts/layers";
import {
  type Conv2d,
  getNorm,
  type Layer,
  LayerOptionError,
  Module,
  type Norm,
  type NormFactory,
  relu,
} from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { convolution } from "./convolution.ts";
import { roundHalfToEven } from "./parameters.ts";
import { SE } from "./squeeze-excitation.ts";

/** What every block of an {@link AnyNet} is told. */
export interface BlockOptions extends CNNBlockOptions {
  /** What normalises each convolution, as `getNorm` takes it; `"BN"` when left out. */
  readonly norm?: string | NormFactory | null;
  /** {@link relu} when left out. */
  readonly activation?: Layer;
  /** Channels inside a bottleneck, relative to those of its output; 1 when left out. */
  readonly bottleneckRatio?: number;
  /** Channels of one group of a bottleneck's 3×3 convolution; all in one group when left out. */
  readonly groupWidth?: number;
  /** Channels between the layers of squeeze and excitation, relative to those of the input; 0, when left out, for none. */
  readonly seRatio?: number;
}

function normalised(conv: Conv2d, norm: Norm | null, x: Tensor): Tensor {
  const convolved = conv(x);
  return norm ? norm(convolved) : convolved;
}

/** Two 3×3 convolutions, the second with an activation or without: `a`, `a_bn`, `b`, `b_bn` in checkpoints. */
class BasicTransform extends Module<[x: Tensor], Tensor> {
  readonly a: Conv2d;
  readonly aBn: Norm | null;
  readonly b: Conv2d;
  readonly bBn: Norm | null;
  readonly activation: Layer;

  constructor({ inChannels, outChannels, stride, norm = "BN", activation = relu }: BlockOptions) {
    super();
    this.a = convolution({ inChannels, outChannels, kernelSize: 3, stride });
    this.aBn = getNorm(norm, outChannels);
    this.b = convolution({ inChannels: outChannels, outChannels, kernelSize: 3 });
    this.bBn = getNorm(norm, outChannels);
    this.activation = activation;
  }

  forward(x: Tensor): Tensor {
    const hidden = this.activation(normalised(this.a, this.aBn, x));
    return normalised(this.b, this.bBn, hidden);
  }
}

/** 1×1, 3×3 in groups, perhaps squeeze and excitation, 1×1. */
class BottleneckTransform extends Module<[x: Tensor], Tensor> {
  readonly a: Conv2d;
  readonly aBn: Norm | null;
  readonly b: Conv2d;
  readonly bBn: Norm | null;
  readonly se: SE | null;
  readonly c: Conv2d;
  readonly cBn: Norm | null;
  readonly activation: Layer;

  constructor(options: BlockOptions) {
    super();
    const { inChannels, outChannels, stride, norm = "BN", activation = relu } = options;
    const inside = roundHalfToEven(outChannels * (options.bottleneckRatio ?? 1));
    const { groupWidth = inside } = options;
    if (inside % groupWidth !== 0) {
      const detail = `has to divide the ${inside} channels of the bottleneck, got ${groupWidth}`;
      throw new LayerOptionError("ResBottleneckBlock", "groupWidth", detail);
    }
    const squeezedChannels = roundHalfToEven(inChannels * (options.seRatio ?? 0));
    const middle = { inChannels: inside, outChannels: inside, groups: inside / groupWidth };
    this.a = convolution({ inChannels, outChannels: inside, kernelSize: 1 });
    this.aBn = getNorm(norm, inside);
    this.b = convolution({ ...middle, kernelSize: 3, stride });
    this.bBn = getNorm(norm, inside);
    this.se =
      squeezedChannels > 0 ? new SE({ channels: inside, squeezedChannels, activation }) : null;
    this.c = convolution({ inChannels: inside, outChannels, kernelSize: 1 });
    this.cBn = getNorm(norm, outChannels);
    this.activation = activation;
  }

  forward(x: Tensor): Tensor {
    const narrow = this.activation(normalised(this.a, this.aBn, x));
    const hidden = this.activation(normalised(this.b, this.bBn, narrow));
    return normalised(this.c, this.cBn, this.se ? this.se(hidden) : hidden);
  }
}

/** `activation(shortcut(x) + f(x))`, the shortcut a 1×1 convolution where shapes differ: `proj` and `bn` in checkpoints. */
abstract class ResidualBlock extends CNNBlockBase {
  readonly proj: Conv2d | null;
  readonly bn: Norm | null;
  readonly f: Module<[x: Tensor], Tensor>;
  readonly activation: Layer;

  constructor(options: BlockOptions, f: Module<[x: Tensor], Tensor>) {
    super(options);
    const { inChannels, outChannels, stride, norm = "BN", activation = relu } = options;
    const isDirect = inChannels === outChannels && stride === 1;
    this.proj = isDirect ? null : convolution({ inChannels, outChannels, kernelSize: 1, stride });
    this.bn = isDirect ? null : getNorm(norm, outChannels);
    this.f = f;
    this.activation = activation;
  }

  forward(x: Tensor): Tensor {
    const shortcut = this.proj ? normalised(this.proj, this.bn, x) : x;
    return this.activation(shortcut.add(this.f(x)));
  }
}

/** A residual block of two 3×3 convolutions. Mirrors `detectron2.modeling.backbone.regnet.ResBasicBlock`. */
export class ResBasicBlock extends ResidualBlock {
  constructor(options: BlockOptions) {
    super(options, new BasicTransform(options));
  }
}

/**
 * A residual block of a bottleneck, with squeeze and excitation where `seRatio` says so: RegNetX without, RegNetY with.
 * Mirrors `detectron2.modeling.backbone.regnet.ResBottleneckBlock`.
 */
export class ResBottleneckBlock extends ResidualBlock {
  /** @throws LayerOptionError when the channels inside don't divide into groups. */
  constructor(options: BlockOptions) {
    super(options, new BottleneckTransform(options));
  }
}

/** Two 3×3 convolutions, each with norm and activation. Mirrors `detectron2.modeling.backbone.regnet.VanillaBlock`. */
export class VanillaBlock extends CNNBlockBase {
  readonly a: Conv2d;
  readonly aBn: Norm | null;
  readonly b: Conv2d;
  readonly bBn: Norm | null;
  readonly activation: Layer;

  constructor(options: BlockOptions) {
    super(options);
    const { inChannels, outChannels, stride, norm = "BN", activation = relu } = options;
    this.a = convolution({ inChannels, outChannels, kernelSize: 3, stride });
    this.aBn = getNorm(norm, outChannels);
    this.b = convolution({ inChannels: outChannels, outChannels, kernelSize: 3 });
    this.bBn = getNorm(norm, outChannels);
    this.activation = activation;
  }

  forward(x: Tensor): Tensor {
    const hidden = this.activation(normalised(this.a, this.aBn, x));
    return this.activation(normalised(this.b, this.bBn, hidden));
  }
}
