import {
  convTranspose2d,
  pair,
  type PaddingOption,
  type PairOption,
  type Parameter,
  type Tensor,
} from "@detectron-ts/tensor";
import { layerDefault } from "../init/schemes.ts";
import { Module } from "../module.ts";
import { checkConvolutionSizes, formatOptions, zeroParameter } from "./options.ts";

/** Options of {@link ConvTranspose2d}. */
export interface ConvTranspose2dOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: PairOption;
  /** 1 when left out. */
  readonly stride?: PairOption;
  /** Rows and columns cut off the output's borders; 0 when left out. */
  readonly padding?: PaddingOption;
  /** Rows and columns added at the bottom and right; 0 when left out. */
  readonly outputPadding?: PairOption;
  /** 1 when left out. */
  readonly dilation?: PairOption;
  /** 1 when left out. */
  readonly groups?: number;
  /** Whether there is a bias; true when left out. */
  readonly bias?: boolean;
}

const USUAL_OPTIONS = {
  stride: 1,
  padding: 0,
  outputPadding: 0,
  dilation: 1,
  groups: 1,
  bias: true,
};

/**
 * Transposed convolution of N×inChannels×H×W, N = 0 included. Mirrors `detectron2.layers.ConvTranspose2d`
 * and starts with PyTorch's default values.
 */
export class ConvTranspose2d extends Module<[x: Tensor], Tensor> {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly [number, number];
  readonly stride: PairOption;
  readonly padding: PaddingOption;
  readonly outputPadding: PairOption;
  readonly dilation: PairOption;
  readonly groups: number;
  /** inChannels×(outChannels / groups)×kH×kW. */
  readonly weight: Parameter;
  /** One value for each output channel. */
  readonly bias: Parameter | null;

  /** @throws LayerOptionError when a size is no positive integer or channels do not divide into groups. */
  constructor(options: ConvTranspose2dOptions) {
    super();
    const { inChannels, outChannels, kernelSize, groups, bias, ...geometry } = {
      ...USUAL_OPTIONS,
      ...options,
    };
    checkConvolutionSizes("ConvTranspose2d", { inChannels, outChannels, kernelSize, groups });
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = pair(kernelSize);
    this.stride = geometry.stride;
    this.padding = geometry.padding;
    this.outputPadding = geometry.outputPadding;
    this.dilation = geometry.dilation;
    this.groups = groups;
    this.weight = zeroParameter(inChannels, outChannels / groups, ...this.kernelSize);
    this.bias = bias ? zeroParameter(outChannels) : null;
    layerDefault(this);
  }

  forward(x: Tensor): Tensor {
    const { stride, padding, outputPadding, dilation, groups } = this;
    const bias = this.bias ?? undefined;
    const options = { bias, stride, padding, outputPadding, dilation, groups };
    return convTranspose2d(x, this.weight, options);
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, outputPadding, dilation, groups } = this;
    const geometry = { kernelSize, stride, padding, outputPadding, dilation, groups };
    const options = { ...geometry, bias: this.bias !== null };
    return `${this.inChannels}, ${this.outChannels}, ${formatOptions(options, USUAL_OPTIONS)}`;
  }
}
