import { getEventStorage } from "@detectron-ts/events";
import { type AnyModule, updateBnStats } from "@detectron-ts/nn";

import { TrainerOptionError } from "../errors.ts";
import { HookBase } from "../hook-base.ts";
import type { TrainableModel } from "../simple-trainer.ts";
import { undisturbed } from "../undisturbed.ts";

/** Options of {@link PreciseBN}. */
export interface PreciseBNOptions<Batch> {
  /** Iterations from one time to the next; 0 for only after the last one. */
  readonly period: number;
  readonly model: AnyModule & TrainableModel<Batch>;
  /** Makes the batches to measure. */
  readonly dataLoader: () => AsyncIterable<Batch> | Promise<AsyncIterable<Batch>>;
  /** Batches to measure. */
  readonly numIter: number;
}

/**
 * Measures the statistics of the model's batch normalisations anew, with its present weights, every `period` iterations and
 * after the last one; see `updateBnStats` of `@detectron-ts/nn`. It should come before hooks that evaluate or save. Mirrors
 * `detectron2.engine.hooks.PreciseBN`, but draws no random numbers of the training's.
 */
export class PreciseBN<Batch> extends HookBase {
  readonly #options: PreciseBNOptions<Batch>;

  /** @throws TrainerOptionError when `period` isn't an integer ≥ 0. */
  constructor(options: PreciseBNOptions<Batch>) {
    super();
    const { period } = options;
    if (!(Number.isInteger(period) && period >= 0)) {
      throw new TrainerOptionError("PreciseBN", "period", period, "an integer ≥ 0");
    }
    this.#options = options;
  }

  override async afterStep(): Promise<void> {
    const { period } = this.#options;
    const nextIter = this.trainer.iter + 1;
    const isFinal = nextIter === this.trainer.maxIter;
    if (isFinal || (period > 0 && nextIter % period === 0)) await this.#update();
  }

  async #update(): Promise<void> {
    const { model, dataLoader, numIter } = this.#options;
    const batches = await dataLoader();
    const forward = (batch: Batch): Promise<unknown> => {
      // Lets go of what the batch before put off until gradients are there, and of its graph with it.
      getEventStorage().step();
      return model.losses(batch);
    };
    await undisturbed(() => updateBnStats(model, { batches, numIters: numIter, forward }));
  }
}
