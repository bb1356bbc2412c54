import { LayerOptionError } from "../errors.ts";
import type { AnyModule } from "../module.ts";
import { BatchNorm2d, updateRunningStatistics } from "./batch-norm2d.ts";
import { float32Values } from "./vectors.ts";

/** Options of {@link updateBnStats}. */
export interface UpdateBnStatsOptions<Batch> {
  /** Batches to measure; as many as `numIters` are read. */
  readonly batches: AsyncIterable<Batch>;
  /** Runs the module on a batch, in training and for its statistics alone. */
  readonly forward: (batch: Batch) => unknown;
  /** 200 when left out. */
  readonly numIters?: number;
}

/**
 * Puts the statistics of the whole population in the place of the running ones, which lag behind the weights ("Rethinking
 * 'Batch' in BatchNorm", Wu and Johnson 2021, section 3), in every {@link BatchNorm2d} that is in training. Mirrors
 * `fvcore.nn.precise_bn.update_bn_stats`.
 *
 * Over all values of all batches, the mean is Σ nᵢ μᵢ / Σ nᵢ and the variance Σ nᵢ (σᵢ² + μᵢ²) / Σ nᵢ minus the mean's
 * square, with a batch's count n, mean μ and biased variance σ².
 *
 * @throws LayerOptionError when there are fewer batches; then nothing changes.
 */
export async function updateBnStats<Batch>(
  module: AnyModule,
  { batches, forward, numIters = 200 }: UpdateBnStatsOptions<Batch>,
): Promise<void> {
  const norms = module
    .modules()
    .filter((child) => child instanceof BatchNorm2d)
    .filter(({ training }) => training)
    .map((norm) => new Population(norm));
  if (norms.length === 0) return;
  let done = 0;
  try {
    for await (const batch of batches) {
      await forward(batch);
      await updateRunningStatistics(module);
      for (const norm of norms) norm.addBatch();
      done += 1;
      if (done === numIters) break;
    }
  } finally {
    for (const norm of norms) norm.end(done === numIters);
  }
  if (done < numIters) {
    throw new LayerOptionError("updateBnStats", "batches", `has ${done}, wanted ${numIters}`);
  }
}

/** What a layer has seen so far. Meanwhile, its running statistics are the latest batch's alone. */
class Population {
  readonly #norm: BatchNorm2d;
  readonly #before: {
    readonly momentum: number;
    readonly runningMean: Float32Array;
    readonly runningVar: Float32Array;
  };
  readonly #mean: Float64Array;
  readonly #squareMean: Float64Array;
  readonly #hook: { remove(): void };
  #count = 0;
  /** Values per channel in the latest batch; 0 where the layer took no part. */
  #batchCount = 0;

  constructor(norm: BatchNorm2d) {
    const { momentum, runningMean, runningVar, numFeatures } = norm;
    this.#norm = norm;
    this.#before = {
      momentum,
      runningMean: float32Values(runningMean).slice(),
      runningVar: float32Values(runningVar).slice(),
    };
    norm.momentum = 1;
    this.#mean = new Float64Array(numFeatures);
    this.#squareMean = new Float64Array(numFeatures);
    this.#hook = norm.registerForwardPreHook((_, [x]) => {
      this.#batchCount = x.size / numFeatures;
    });
  }

  addBatch(): void {
    const n = this.#batchCount;
    if (n === 0) return;
    this.#batchCount = 0;
    this.#count += n;
    const weight = n / this.#count;
    const mean = float32Values(this.#norm.runningMean);
    const variance = float32Values(this.#norm.runningVar);
    for (let c = 0; c < mean.length; c++) {
      // Running variances are unbiased.
      const squareMean = mean[c] ** 2 + (variance[c] * (n - 1)) / n;
      this.#mean[c] += (mean[c] - this.#mean[c]) * weight;
      this.#squareMean[c] += (squareMean - this.#squareMean[c]) * weight;
    }
  }

  /** Takes over the population's statistics, or those from before. */
  end(complete: boolean): void {
    this.#hook.remove();
    this.#norm.momentum = this.#before.momentum;
    const measured = complete && this.#count > 0;
    const variance = this.#squareMean.map((square, c) => square - this.#mean[c] ** 2);
    this.#norm.runningMean.set(measured ? Float32Array.from(this.#mean) : this.#before.runningMean);
    this.#norm.runningVar.set(measured ? Float32Array.from(variance) : this.#before.runningVar);
  }
}
