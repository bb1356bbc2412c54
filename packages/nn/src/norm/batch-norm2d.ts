import {
  Buffer,
  gradMode,
  type Parameter,
  realize,
  ShapeError,
  type Tensor,
} from "@detectron-ts/tensor";
import { PendingStatisticsError } from "../errors.ts";
import { type FoldsIntoConvolution, scaleChannels, type ScaleAndShift } from "../layers/folding.ts";
import { checkPositive, formatOptions } from "../layers/options.ts";
import { type AnyModule, Module } from "../module.ts";
import { ConstantAffine } from "./constant-affine.ts";
import { filledBuffer, filledParameter, float32Values } from "./vectors.ts";

/** Options of {@link BatchNorm2d}. */
export interface BatchNorm2dOptions {
  /** Channels. */
  readonly numFeatures: number;
  /** Added to the variance; 1e-5 when left out. */
  readonly eps?: number;
  /** Weight of the newest batch in the running statistics; 0.1 when left out. */
  readonly momentum?: number;
}

/** Statistics of one training batch, not necessarily computed yet. */
interface BatchStatistics {
  readonly mean: Tensor;
  /** Biased: divided by `count`. */
  readonly variance: Tensor;
  /** Values per channel. */
  readonly count: number;
}

/**
 * Batch normalisation ("Batch Normalization", Ioffe and Szegedy 2015): in training by the statistics of
 * the batch, otherwise by running ones. Called with N×C×H×W. Mirrors `torch.nn.BatchNorm2d`.
 *
 * Statistics are lazy like everything else, so running ones cannot be updated at the call. A training
 * batch's are noted down instead and computed along with whatever is asked for that depends on them, such as
 * the loss. {@link updateRunningStatistics} brings the running ones up to date; so do, as far as values are
 * there, the next training batch, `stateDict()` and leaving training.
 */
export class BatchNorm2d extends Module<[x: Tensor], Tensor> implements FoldsIntoConvolution {
  readonly numFeatures: number;
  readonly eps: number;
  /** Weight of the newest batch in the running statistics; may be changed. */
  momentum: number;
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly runningMean: Buffer;
  readonly runningVar: Buffer;
  /** Training batches seen (int64 scalar). */
  readonly numBatchesTracked: Buffer;
  readonly #pending: BatchStatistics[] = [];
  readonly #constantAffine: ConstantAffine;

  /** @throws LayerOptionError when `numFeatures` is no positive integer. */
  constructor({ numFeatures, eps = 1e-5, momentum = 0.1 }: BatchNorm2dOptions) {
    super();
    checkPositive("BatchNorm2d", "numFeatures", numFeatures);
    this.numFeatures = numFeatures;
    this.eps = eps;
    this.momentum = momentum;
    this.weight = filledParameter(numFeatures, 1);
    this.bias = filledParameter(numFeatures, 0);
    this.runningMean = filledBuffer(numFeatures, 0);
    this.runningVar = filledBuffer(numFeatures, 1);
    this.numBatchesTracked = new Buffer(new BigInt64Array(1), [], "int64");
    this.#constantAffine = new ConstantAffine(this);
  }

  /**
   * Undefined in training.
   *
   * @throws PendingStatisticsError when a training batch's statistics are still missing in the running ones.
   */
  scaleAndShift(): ScaleAndShift | undefined {
    if (this.training) return undefined;
    this.settleStatistics();
    const mode = gradMode();
    return this.weight.records(mode) || this.bias.records(mode)
      ? this.#affine(this.runningMean, this.runningVar)
      : this.#constantAffine.current();
  }

  forward(x: Tensor): Tensor {
    const affine = this.scaleAndShift();
    return affine === undefined ? this.#normalizeBatch(x) : scaleChannels(x, affine);
  }

  // What is centred once serves the variance, the result and all gradients: without `x · scale - mean · scale`, sums
  // over a channel do not cancel where its mean is far from 0.
  #normalizeBatch(x: Tensor): Tensor {
    if (x.rank !== 4 || x.shape[1] !== this.numFeatures) {
      throw new ShapeError("BatchNorm2d", `wants N×${this.numFeatures}×H×W`, [x.shape]);
    }
    const count = x.size / this.numFeatures;
    if (count === 1) {
      throw new ShapeError("BatchNorm2d", "one value per channel has no variance", [x.shape]);
    }
    const perChannel = [this.numFeatures, 1, 1];
    const mean = meanOfChannels(x).keep();
    const centred = x.sub(mean.reshape(perChannel));
    const variance = meanOfChannels(centred.square()).keep();
    if (count > 0) {
      this.applyComputedStatistics();
      this.#pending.push({ mean, variance, count });
    }
    const scale = this.weight.div(variance.add(this.eps).sqrt());
    return centred.mul(scale.reshape(perChannel)).add(this.bias.reshape(perChannel));
  }

  #affine(mean: Tensor, variance: Tensor): ScaleAndShift {
    const scale = this.weight.div(variance.add(this.eps).sqrt());
    const shift = this.bias.sub(mean.mul(scale));
    return { scale: scale.reshape([this.numFeatures, 1, 1, 1]), shift };
  }

  /** The batch statistics that the running ones still lack. */
  get pendingStatistics(): readonly Tensor[] {
    return this.#pending.flatMap(({ mean, variance }) => [mean, variance]);
  }

  protected override beforeStateDict(): void {
    this.applyComputedStatistics();
  }

  /** Brings the running statistics up to date as far as batch statistics, in their order, have values. */
  applyComputedStatistics(): void {
    while (this.#pending[0]?.mean.realized && this.#pending[0].variance.realized) {
      this.#apply(this.#pending.shift()!);
    }
  }

  /**
   * Brings the running statistics up to date.
   *
   * @throws PendingStatisticsError when batch statistics that belong to them have no values.
   */
  settleStatistics(): void {
    this.applyComputedStatistics();
    if (this.#pending.length > 0) throw new PendingStatisticsError(this.#pending.length);
  }

  #apply({ mean, variance, count }: BatchStatistics): void {
    const { momentum } = this;
    const blend = (running: Buffer, batch: Tensor, factor: number): void => {
      const values = batch.dataSync() as Float32Array;
      running.set(
        float32Values(running).map(
          (old, c) => (1 - momentum) * old + momentum * factor * values[c],
        ),
      );
    };
    blend(this.runningMean, mean, 1);
    // Running variances are unbiased.
    blend(this.runningVar, variance, count / (count - 1));
    this.numBatchesTracked.update((data) => {
      (data as BigInt64Array)[0]! += 1n;
    });
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum } = this;
    return formatOptions({ numFeatures, eps, momentum });
  }
}

/**
 * Mean of each channel of N×C×H×W. Row by row first: a channel of large images has so many values that adding them up
 * in one go would cost digits of float32.
 */
function meanOfChannels(x: Tensor): Tensor {
  return x.mean(3).mean([0, 2]);
}

/**
 * Brings the running statistics of every {@link BatchNorm2d} in `module` up to date, computing what batch
 * statistics have no value yet. A training loop calls it once a step, after the backward pass, which has
 * computed them all.
 */
export async function updateRunningStatistics(module: AnyModule): Promise<void> {
  const norms = module.modules().filter((child) => child instanceof BatchNorm2d);
  await realize(...norms.flatMap((norm) => norm.pendingStatistics));
  for (const norm of norms) norm.applyComputedStatistics();
}
