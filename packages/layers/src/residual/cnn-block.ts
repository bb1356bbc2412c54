import { Module, convertFrozenBatchNorm } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";

/** What every block of a convolutional network is told. */
export interface CNNBlockOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Input cells per output cell, in both axes. */
  readonly stride: number;
}

/**
 * A block of a convolutional network: N×inChannels×H×W in, N×outChannels×⌈H/stride⌉×⌈W/stride⌉ out.
 * Mirrors `detectron2.layers.CNNBlockBase`.
 */
export abstract class CNNBlockBase extends Module<[x: Tensor], Tensor> {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: number;

  constructor({ inChannels, outChannels, stride }: CNNBlockOptions) {
    super();
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.stride = stride;
  }

  /**
   * Takes the block out of training: no parameter has a gradient any more, and every batch norm becomes a
   * frozen one with its present statistics.
   */
  freeze(): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = false;
    convertFrozenBatchNorm(this);
    return this;
  }
}
