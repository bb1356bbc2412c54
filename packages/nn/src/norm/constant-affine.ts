import { Buffer, type Variable } from "@detectron-ts/tensor";
import type { ScaleAndShift } from "../layers/folding.ts";
import { filledBuffer, float32Values } from "./vectors.ts";

/** What decides the output of a norm by running statistics. Vectors have one value for each channel. */
export interface RunningStatisticsNorm {
  readonly weight: Variable;
  readonly bias: Variable;
  readonly runningMean: Variable;
  readonly runningVar: Variable;
  readonly eps: number;
}

/**
 * The factors and summands of a norm by running statistics, computed once and again when a vector changes:
 *
 *     scale = weight / √(runningVar + eps),    shift = bias - runningMean · scale
 *
 * They are computed here and not in the graph: as buffers they are compiled into sessions as constants, where
 * ONNX Runtime multiplies them into a convolution's kernel once and for all.
 */
export class ConstantAffine {
  readonly #norm: RunningStatisticsNorm;
  readonly #scale: Buffer;
  readonly #shift: Buffer;
  #computedFrom = "";

  constructor(norm: RunningStatisticsNorm) {
    const { size } = norm.weight;
    this.#norm = norm;
    this.#scale = new Buffer(new Float32Array(size), [size, 1, 1, 1]);
    this.#shift = filledBuffer(size, 0);
  }

  /** The values as of now. */
  current(): ScaleAndShift {
    const { weight, bias, runningMean, runningVar } = this.#norm;
    const versions = [weight, bias, runningMean, runningVar].map(({ version }) => version).join();
    if (versions !== this.#computedFrom) {
      this.#compute();
      this.#computedFrom = versions;
    }
    return { scale: this.#scale, shift: this.#shift };
  }

  #compute(): void {
    const { eps } = this.#norm;
    const weight = float32Values(this.#norm.weight);
    const bias = float32Values(this.#norm.bias);
    const mean = float32Values(this.#norm.runningMean);
    const variance = float32Values(this.#norm.runningVar);
    const scale = new Float32Array(weight.length);
    const shift = new Float32Array(weight.length);
    for (let c = 0; c < weight.length; c++) {
      const inverseStd = Math.fround(1 / Math.sqrt(Math.fround(variance[c] + eps)));
      scale[c] = weight[c] * inverseStd;
      shift[c] = bias[c] - Math.fround(mean[c] * scale[c]);
    }
    this.#scale.set(scale);
    this.#shift.set(shift);
  }
}
