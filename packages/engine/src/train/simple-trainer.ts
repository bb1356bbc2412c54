import type { Tensor } from "@detectron-ts/tensor";

import {
  DataLoaderEndedError,
  ModelNotInTrainingError,
  NonFiniteLossError,
  TrainerOptionError,
  TrainerStateError,
  TrainingStepError,
} from "./errors.ts";
import { TrainerBase } from "./trainer-base.ts";

/** A model as a trainer sees it; those of `@detectron-ts/modeling` are of this kind. */
export interface TrainableModel<Batch> {
  readonly training: boolean;
  /** Differentiable scalars by name, or one. */
  losses(batch: Batch): Promise<Readonly<Record<string, Tensor>> | Tensor>;
}

/** An optimizer as a trainer sees it; those of `@detectron-ts/solver` are of this kind. */
export interface TrainerOptimizer {
  zeroGrad(): void;
  step(): void;
  stateDict(): ReadonlyMap<string, unknown>;
  loadStateDict(state: unknown): Promise<void>;
}

/** Options of {@link SimpleTrainer}. */
export interface SimpleTrainerOptions<Batch> {
  /** In training; it is not put there. */
  readonly model: TrainableModel<Batch>;
  /** Batches without end. It is read from the first step on, and goes on where it was in a further `train()`. */
  readonly dataLoader: AsyncIterable<Batch>;
  readonly optimizer: TrainerOptimizer;
  /** Iterations from one recording of losses to the next; 1 when left out. Whether they are finite is always looked at. */
  readonly gatherMetricPeriod?: number;
}

/**
 * The usual training: one model, one optimizer, one data loader, and each iteration a batch, its losses, their gradients
 * and an update. Mirrors `detectron2.engine.SimpleTrainer`.
 *
 * Recorded are `data_time`, the seconds spent waiting for the batch; each loss by its name if there are several; and
 * `total_loss`, their sum; and what the model put off with `EventStorage.defer`.
 *
 * @typeParam Batch - what the data loader yields and the model takes.
 */
export class SimpleTrainer<Batch> extends TrainerBase {
  readonly model: TrainableModel<Batch>;
  readonly optimizer: TrainerOptimizer;
  readonly gatherMetricPeriod: number;
  #dataLoader: AsyncIterable<Batch>;
  #batches: AsyncIterator<Batch> | undefined;

  /** @throws TrainerOptionError when `gatherMetricPeriod` isn't an integer ≥ 1. */
  constructor({
    model,
    dataLoader,
    optimizer,
    gatherMetricPeriod = 1,
  }: SimpleTrainerOptions<Batch>) {
    super();
    if (!(Number.isInteger(gatherMetricPeriod) && gatherMetricPeriod >= 1)) {
      const wanted = "an integer ≥ 1";
      throw new TrainerOptionError(
        "SimpleTrainer",
        "gatherMetricPeriod",
        gatherMetricPeriod,
        wanted,
      );
    }
    this.model = model;
    this.#dataLoader = dataLoader;
    this.optimizer = optimizer;
    this.gatherMetricPeriod = gatherMetricPeriod;
  }

  /** Takes batches from another loader from the next step on; the present one is closed. */
  async resetDataLoader(dataLoader: AsyncIterable<Batch>): Promise<void> {
    const batches = this.#batches;
    this.#batches = undefined;
    this.#dataLoader = dataLoader;
    await batches?.return?.();
  }

  /**
   * @throws ModelNotInTrainingError; DataLoaderEndedError; TrainingStepError when the model fails on the batch;
   *   NonFiniteLossError, before anything is updated; TrainerStateError when the model gives no losses.
   */
  async runStep(): Promise<void> {
    if (!this.model.training) throw new ModelNotInTrainingError();
    const start = performance.now();
    const batch = await this.#nextBatch();
    const dataTime = (performance.now() - start) / 1000;

    const losses = namedLosses(await this.#losses(batch));
    if (losses.length === 0) throw new TrainerStateError("model", "gave no losses");
    this.optimizer.zeroGrad();
    // Kept, so that one run computes the losses themselves, their sum and the gradients.
    const total = losses.map(([, loss]) => loss.keep()).reduce((sum, loss) => sum.add(loss));
    await total.backward();
    await this.afterBackward();
    await this.#record(losses, dataTime, batch);
    this.optimizer.step();
  }

  /** That of {@link TrainerBase.stateDict}, and the `optimizer`'s. */
  override stateDict(): Map<string, unknown> {
    return super.stateDict().set("optimizer", this.optimizer.stateDict());
  }

  /** Takes what {@link stateDict} gave. */
  override async loadStateDict(state: unknown): Promise<void> {
    await super.loadStateDict(state);
    if (!(state instanceof Map && state.has("optimizer"))) return;
    await this.optimizer.loadStateDict(state.get("optimizer"));
  }

  async #losses(batch: Batch): Promise<Readonly<Record<string, Tensor>> | Tensor> {
    try {
      return await this.model.losses(batch);
    } catch (cause) {
      throw new TrainingStepError(this.iter, fileNames(batch), cause);
    }
  }

  async #nextBatch(): Promise<Batch> {
    this.#batches ??= this.#dataLoader[Symbol.asyncIterator]();
    const next = await this.#batches.next();
    if (next.done === true) throw new DataLoaderEndedError(this.iter);
    return next.value;
  }

  async #record(
    losses: readonly (readonly [string, Tensor])[],
    dataTime: number,
    batch: Batch,
  ): Promise<void> {
    const values: Record<string, number> = {};
    for (const [name, loss] of losses) values[name] = await loss.item();
    const total = Object.values(values).reduce((sum, value) => sum + value);
    if (!Number.isFinite(total)) throw new NonFiniteLossError(this.iter, values, fileNames(batch));
    await this.storage.settle();

    if ((this.iter + 1) % this.gatherMetricPeriod !== 0) return;
    this.storage.putScalar("data_time", dataTime);
    this.storage.putScalar("total_loss", total);
    if (losses.length > 1) this.storage.putScalars(values);
  }
}

/** Losses by name: a single one is the total. */
export function namedLosses(losses: Readonly<Record<string, Tensor>> | Tensor): [string, Tensor][] {
  return isTensor(losses) ? [["total_loss", losses]] : Object.entries(losses);
}

// By what it can do: a class of another copy of the package is as good.
function isTensor(losses: Readonly<Record<string, Tensor>> | Tensor): losses is Tensor {
  return typeof losses.backward === "function";
}

/** `fileName` of each entry of a batch that has one. */
function fileNames(batch: unknown): string[] {
  if (!Array.isArray(batch)) return [];
  return batch.flatMap((entry: unknown) =>
    typeof entry === "object" && entry !== null && "fileName" in entry
      ? [String(entry.fileName)]
      : [],
  );
}
