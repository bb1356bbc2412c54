import { rm } from "node:fs/promises";
import { type CheckpointExtra, type DetectionCheckpointer } from "./checkpointer.ts";

/** Options of {@link PeriodicCheckpointer}. */
export interface PeriodicCheckpointerOptions {
  /** Iterations from one checkpoint to the next. */
  readonly period: number;
  /** Number of iterations of the training; the last one is saved as `{filePrefix}_final`. */
  readonly maxIter?: number;
  /** How many periodic checkpoints to keep; older ones are deleted. Default all. */
  readonly maxToKeep?: number;
  /** Start of the file names; default "model". */
  readonly filePrefix?: string;
}

/**
 * Saves every `period` iterations as `{filePrefix}_{iteration, seven digits}`, and as `{filePrefix}_final` at
 * the end. Mirrors fvcore's `PeriodicCheckpointer`.
 */
export class PeriodicCheckpointer {
  readonly checkpointer: DetectionCheckpointer;
  readonly period: number;
  readonly maxIter: number | undefined;
  readonly maxToKeep: number | undefined;
  readonly filePrefix: string;
  readonly #recent: string[] = [];

  /** @throws {RangeError} when `period` or `maxToKeep` is no positive integer. */
  constructor(checkpointer: DetectionCheckpointer, options: PeriodicCheckpointerOptions) {
    this.checkpointer = checkpointer;
    this.period = positive("period", options.period);
    this.maxIter = options.maxIter;
    this.maxToKeep =
      options.maxToKeep === undefined ? undefined : positive("maxToKeep", options.maxToKeep);
    this.filePrefix = options.filePrefix ?? "model";
  }

  /**
   * To be called after every iteration, counted from 0. The iteration is saved beside `extra`.
   *
   * @throws {CheckpointError} as `DetectionCheckpointer.save`.
   */
  async step(iteration: number, extra: CheckpointExtra = {}): Promise<void> {
    const state = { iteration, ...extra };
    if ((iteration + 1) % this.period === 0) {
      const name = `${this.filePrefix}_${String(iteration).padStart(7, "0")}`;
      this.#recent.push(await this.save(name, state));
      await this.#deleteOldest();
    }
    if (this.maxIter !== undefined && iteration >= this.maxIter - 1) {
      await this.save(`${this.filePrefix}_final`, state);
    }
  }

  /** Saves now, whatever the iteration, under a name of its own that is never deleted. */
  async save(name: string, extra: CheckpointExtra = {}): Promise<string> {
    return await this.checkpointer.save(name, extra);
  }

  /** The newest is named in `last_checkpoint` already, so that what is deleted is not resumed from. */
  async #deleteOldest(): Promise<void> {
    if (this.maxToKeep === undefined || this.#recent.length <= this.maxToKeep) return;
    const oldest = this.#recent.shift();
    if (oldest !== undefined) await rm(oldest, { force: true });
  }
}

function positive(name: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`PeriodicCheckpointer: ${name} is ${value}; wanted a positive integer`);
}
