import type { EventWriter } from "@detectron-ts/events";

import { TrainerOptionError } from "../errors.ts";
import { HookBase } from "../hook-base.ts";

/** Options of {@link PeriodicWriter}. */
export interface PeriodicWriterOptions {
  /** The writers, or what makes them when training begins at an iteration. */
  readonly writers: readonly EventWriter[] | ((startIter: number) => readonly EventWriter[]);
  /** Iterations from one writing to the next; 20 when left out. */
  readonly period?: number;
}

/**
 * Lets writers write every `period` iterations, after the last one, and once more after training, for what other hooks
 * recorded then; and closes them. So it should be the last hook. Mirrors `detectron2.engine.hooks.PeriodicWriter`.
 */
export class PeriodicWriter extends HookBase {
  readonly #options: PeriodicWriterOptions;
  #writers: readonly EventWriter[] = [];
  readonly #period: number;

  /** @throws TrainerOptionError when `period` isn't an integer ≥ 1. */
  constructor(options: PeriodicWriterOptions) {
    super();
    const { period = 20 } = options;
    if (!(Number.isInteger(period) && period >= 1)) {
      throw new TrainerOptionError("PeriodicWriter", "period", period, "an integer ≥ 1");
    }
    this.#options = options;
    this.#period = period;
  }

  override beforeTrain(): void {
    const { writers } = this.#options;
    this.#writers = typeof writers === "function" ? writers(this.trainer.startIter) : writers;
  }

  override async afterStep(): Promise<void> {
    const { iter, maxIter } = this.trainer;
    if ((iter + 1) % this.#period === 0 || iter === maxIter - 1) await this.#write();
  }

  override async afterTrain(): Promise<void> {
    await this.#write();
    for (const writer of this.#writers) await writer.close();
  }

  async #write(): Promise<void> {
    for (const writer of this.#writers) await writer.write();
  }
}
