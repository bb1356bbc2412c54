import type { Buffer, Tensor } from "@detectron-ts/tensor";
import { type FoldsIntoConvolution, scaleChannels, type ScaleAndShift } from "../layers/folding.ts";
import { checkPositive, formatOptions } from "../layers/options.ts";
import { Module } from "../module.ts";
import { ConstantAffine } from "./constant-affine.ts";
import { filledBuffer } from "./vectors.ts";

/** Options of {@link FrozenBatchNorm2d}. */
export interface FrozenBatchNorm2dOptions {
  /** Channels. */
  readonly numFeatures: number;
  /** Added to the variance; 1e-5 when left out. */
  readonly eps?: number;
}

/**
 * Batch norm whose statistics and affine parameters are fixed: `x · scale + shift` with
 * `scale = weight / √(runningVar + eps)` and `shift = bias - runningMean · scale`. A new one changes
 * nothing. Called with N×C×H×W. Mirrors `detectron2.layers.FrozenBatchNorm2d`.
 */
export class FrozenBatchNorm2d extends Module<[x: Tensor], Tensor> implements FoldsIntoConvolution {
  readonly numFeatures: number;
  readonly eps: number;
  readonly weight: Buffer;
  readonly bias: Buffer;
  readonly runningMean: Buffer;
  readonly runningVar: Buffer;
  /** Training batches seen by the batch norm that this one was (int64 scalar); undefined of one that never trained. */
  numBatchesTracked: Buffer | undefined;
  readonly #affine: ConstantAffine;

  /** @throws LayerOptionError when `numFeatures` is no positive integer. */
  constructor({ numFeatures, eps = 1e-5 }: FrozenBatchNorm2dOptions) {
    super();
    checkPositive("FrozenBatchNorm2d", "numFeatures", numFeatures);
    this.numFeatures = numFeatures;
    this.eps = eps;
    this.weight = filledBuffer(numFeatures, 1);
    this.bias = filledBuffer(numFeatures, 0);
    this.runningMean = filledBuffer(numFeatures, 0);
    this.runningVar = filledBuffer(numFeatures, 1 - eps);
    this.#affine = new ConstantAffine(this);
  }

  scaleAndShift(): ScaleAndShift {
    return this.#affine.current();
  }

  forward(x: Tensor): Tensor {
    return scaleChannels(x, this.scaleAndShift());
  }

  override extraRepr(): string {
    return formatOptions({ numFeatures: this.numFeatures, eps: this.eps });
  }
}
