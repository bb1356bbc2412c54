import {
  conv2d,
  pair,
  type PaddingOption,
  type PairOption,
  type Parameter,
  type Tensor,
} from "@detectron-ts/tensor";
import { layerDefault } from "../init/schemes.ts";
import { Module } from "../module.ts";
import { foldsIntoConvolution, type ScaleAndShift } from "./folding.ts";
import { checkConvolutionSizes, formatOptions, zeroParameter } from "./options.ts";

/** Options of {@link Conv2d}. */
export interface Conv2dOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: PairOption;
  /** 1 when left out. */
  readonly stride?: PairOption;
  /** Zeros around the input; 0 when left out. */
  readonly padding?: PaddingOption;
  /** 1 when left out. */
  readonly dilation?: PairOption;
  /** 1 when left out. */
  readonly groups?: number;
  /** Whether there is a bias; true when left out. */
  readonly bias?: boolean;
  /** Follows the convolution; none when left out. */
  readonly norm?: Module<[x: Tensor], Tensor> | null;
  /** Follows the norm; none when left out. */
  readonly activation?: ((x: Tensor) => Tensor) | null;
}

const USUAL_OPTIONS = { stride: 1, padding: 0, dilation: 1, groups: 1, bias: true };

/**
 * Convolution, then norm, then activation. Called with N×inChannels×H×W, N = 0 included. Mirrors
 * `detectron2.layers.Conv2d` and starts with PyTorch's default values.
 *
 * A norm of constant factors ({@link FoldsIntoConvolution}) is folded into the kernel, through which
 * gradients flow; with hooks registered on it, it is called instead.
 */
export class Conv2d extends Module<[x: Tensor], Tensor> {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly [number, number];
  readonly stride: PairOption;
  readonly padding: PaddingOption;
  readonly dilation: PairOption;
  readonly groups: number;
  /** outChannels×(inChannels / groups)×kH×kW. */
  readonly weight: Parameter;
  /** One value for each output channel. */
  readonly bias: Parameter | null;
  norm: Module<[x: Tensor], Tensor> | null;
  activation: ((x: Tensor) => Tensor) | null;

  /** @throws LayerOptionError when a size is no positive integer or channels do not divide into groups. */
  constructor(options: Conv2dOptions) {
    super();
    const { inChannels, outChannels, kernelSize, groups, bias, stride, padding, dilation } = {
      ...USUAL_OPTIONS,
      ...options,
    };
    checkConvolutionSizes("Conv2d", { inChannels, outChannels, kernelSize, groups });
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = pair(kernelSize);
    this.stride = stride;
    this.padding = padding;
    this.dilation = dilation;
    this.groups = groups;
    this.weight = zeroParameter(outChannels, inChannels / groups, ...this.kernelSize);
    this.bias = bias ? zeroParameter(outChannels) : null;
    this.norm = options.norm ?? null;
    this.activation = options.activation ?? null;
    layerDefault(this);
  }

  forward(x: Tensor): Tensor {
    const folded = this.#foldableNorm();
    let output: Tensor;
    if (folded) {
      const { scale, shift } = folded;
      const bias = this.bias ? this.bias.mul(scale.reshape([this.outChannels])).add(shift) : shift;
      output = this.#convolve(x, this.weight.mul(scale), bias);
    } else {
      output = this.#convolve(x, this.weight, this.bias ?? undefined);
      if (this.norm) output = this.norm(output);
    }
    return this.activation ? this.activation(output) : output;
  }

  #foldableNorm(): ScaleAndShift | undefined {
    const { norm } = this;
    return norm && !norm.hasHooks && foldsIntoConvolution(norm) ? norm.scaleAndShift() : undefined;
  }

  #convolve(x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
    const { stride, padding, dilation, groups } = this;
    return conv2d(x, weight, { bias, stride, padding, dilation, groups });
  }

  override extraRepr(): string {
    const { inChannels, outChannels, kernelSize, stride, padding, dilation, groups } = this;
    const options = { kernelSize, stride, padding, dilation, groups, bias: this.bias !== null };
    return `${inChannels}, ${outChannels}, ${formatOptions(options, USUAL_OPTIONS)}`;
  }
}
