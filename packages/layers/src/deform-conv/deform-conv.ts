import { LayerOptionError, Module, type Norm, init } from "@detectron-ts/nn";
import { type PairOption, Parameter, type Tensor, pair } from "@detectron-ts/tensor";
import { deformConv2d } from "./deform-conv2d.ts";
import type { DeformConvGeometry } from "./geometry.ts";

/** Options of {@link DeformConv} and {@link ModulatedDeformConv}. */
export interface DeformConvOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: PairOption;
  /** 1 when left out. */
  readonly stride?: PairOption;
  /** 0 when left out. */
  readonly padding?: PairOption;
  /** 1 when left out. */
  readonly dilation?: PairOption;
  /** Channel groups of the convolution; 1 when left out. */
  readonly groups?: number;
  /** Channel groups with offsets (and masks) of their own; 1 when left out. */
  readonly deformableGroups?: number;
  /** Normalisation of the output. */
  readonly norm?: Norm | null;
  /** What follows the normalisation. */
  readonly activation?: ((x: Tensor) => Tensor) | null;
}

/** What the two deformable convolutions share: weights, geometry, and what follows the convolution. */
abstract class DeformConvBase<Args extends unknown[]> extends Module<Args, Tensor> {
  /** outChannels×(inChannels/groups)×kH×kW. */
  readonly weight: Parameter;
  abstract readonly bias: Parameter | null;
  readonly geometry: DeformConvGeometry;
  readonly groups: number;
  norm: Norm | null;
  activation: ((x: Tensor) => Tensor) | null;

  constructor(options: DeformConvOptions) {
    super();
    const { inChannels, outChannels, groups = 1, deformableGroups = 1 } = options;
    for (const [option, channels, parts] of [
      ["inChannels", inChannels, groups],
      ["outChannels", outChannels, groups],
      ["inChannels", inChannels, deformableGroups],
    ] as const) {
      if (channels % parts !== 0) {
        const detail = `(${channels}) does not divide into ${parts} groups`;
        throw new LayerOptionError(new.target.name, option, detail);
      }
    }
    this.geometry = {
      kernelSize: pair(options.kernelSize),
      stride: pair(options.stride ?? 1),
      padding: pair(options.padding ?? 0),
      dilation: pair(options.dilation ?? 1),
      deformableGroups,
    };
    this.groups = groups;
    this.norm = options.norm ?? null;
    this.activation = options.activation ?? null;
    const shape = [outChannels, inChannels / groups, ...this.geometry.kernelSize];
    const size = shape.reduce((product, side) => product * side, 1);
    this.weight = new Parameter(new Float32Array(size), shape);
    init.kaimingUniform(this.weight);
  }

  protected convolve(x: Tensor, offset: Tensor, mask?: Tensor): Tensor {
    const { weight, bias, geometry, groups, norm, activation } = this;
    const options = { ...geometry, groups, mask, bias: bias ?? undefined };
    const convolved = deformConv2d(x, offset, weight, options);
    const normalized = norm ? norm(convolved) : convolved;
    return activation ? activation(normalized) : normalized;
  }
}

/**
 * Deformable convolution ("Deformable Convolutional Networks", Dai et al. 2017), without a bias. Called
 * with features N×C×H×W and offsets N×(2·deformableGroups·kH·kW)×outH×outW, a Δy and a Δx in cells of the
 * input for each group and tap. Mirrors `detectron2.layers.DeformConv`; see {@link deformConv2d}.
 */
export class DeformConv extends DeformConvBase<[x: Tensor, offset: Tensor]> {
  readonly bias = null;

  forward(x: Tensor, offset: Tensor): Tensor {
    return this.convolve(x, offset);
  }
}

/** Options of {@link ModulatedDeformConv}. */
export interface ModulatedDeformConvOptions extends DeformConvOptions {
  /** Whether to add a value per output channel, zero at first; true when left out. */
  readonly bias?: boolean;
}

/**
 * Deformable convolution whose samples are weighted by a mask ("Deformable ConvNets v2", Zhu et al. 2019).
 * Called with features and offsets as {@link DeformConv}, and a mask
 * N×(deformableGroups·kH·kW)×outH×outW, usually a sigmoid. Mirrors `detectron2.layers.ModulatedDeformConv`.
 */
export class ModulatedDeformConv extends DeformConvBase<[x: Tensor, offset: Tensor, mask: Tensor]> {
  readonly bias: Parameter | null;

  constructor(options: ModulatedDeformConvOptions) {
    super(options);
    const { outChannels, bias = true } = options;
    this.bias = bias ? new Parameter(new Float32Array(outChannels), [outChannels]) : null;
  }

  forward(x: Tensor, offset: Tensor, mask: Tensor): Tensor {
    return this.convolve(x, offset, mask);
  }
}
