import { Buffer, type Tensor } from "@detectron-ts/tensor";
import { type FoldsIntoConvolution, scaleChannels, type ScaleAndShift } from "../layers/folding.ts";
import { checkPositive, formatOptions } from "../layers/options.ts";
import { Module } from "../module.ts";
import { filledBuffer, float32Values } from "./vectors.ts";

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
  readonly #scale: Buffer;
  readonly #shift: Buffer;
  #computedFrom = "";

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
    this.#scale = filledBuffer(numFeatures, 1);
    this.#shift = filledBuffer(numFeatures, 0);
  }

  /**
   * Both are computed here and not in the graph: as buffers they are compiled into sessions as constants.
   */
  scaleAndShift(): ScaleAndShift {
    const sources = [this.weight, this.bias, this.runningMean, this.runningVar];
    const versions = sources.map(({ version }) => version).join();
    if (versions !== this.#computedFrom) {
      this.#compute();
      this.#computedFrom = versions;
    }
    return { scale: this.#scale, shift: this.#shift };
  }

  #compute(): void {
    const weight = float32Values(this.weight);
    const bias = float32Values(this.bias);
    const mean = float32Values(this.runningMean);
    const variance = float32Values(this.runningVar);
    const scale = new Float32Array(this.numFeatures);
    const shift = new Float32Array(this.numFeatures);
    for (let c = 0; c < this.numFeatures; c++) {
      const inverseStd = Math.fround(1 / Math.sqrt(Math.fround(variance[c]! + this.eps)));
      scale[c] = weight[c]! * inverseStd;
      shift[c] = bias[c]! - Math.fround(mean[c]! * scale[c]!);
    }
    this.#scale.set(scale);
    this.#shift.set(shift);
  }

  forward(x: Tensor): Tensor {
    return scaleChannels(x, this.scaleAndShift());
  }

  override extraRepr(): string {
    return formatOptions({ numFeatures: this.numFeatures, eps: this.eps });
  }
}
