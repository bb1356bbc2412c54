import { ScheduleOptionError, SolverStateError } from "../errors.ts";
import type { ParamGroup } from "../optimizers/param-groups.ts";
import { readInteger, readList, readMap, readNumber, type StateValue } from "../state.ts";
import type { ParamScheduler } from "./param-scheduler.ts";

/** What a schedule needs of an optimizer. */
export interface ScheduledOptimizer {
  readonly paramGroups: readonly ParamGroup[];
}

/** Options of {@link LRMultiplier}. */
export interface LRMultiplierOptions {
  readonly optimizer: ScheduledOptimizer;
  /** What the learning rates are multiplied by, over the progress of training. */
  readonly multiplier: ParamScheduler;
  /** Iterations of the whole training. */
  readonly maxIter: number;
  /** The last iteration done when training goes on with an optimizer that was scheduled before; -1 for none. */
  readonly lastIter?: number;
}

/**
 * Sets the learning rate of each parameter group to its first one times a schedule's value: on construction that of
 * iteration 0, then at each {@link step} that of the next. Mirrors `detectron2.solver.LRMultiplier`.
 */
export class LRMultiplier {
  readonly #optimizer: ScheduledOptimizer;
  readonly #multiplier: ParamScheduler;
  readonly #maxIter: number;
  #baseLrs: readonly number[];
  #lastEpoch: number;

  /** @throws ScheduleOptionError when `lastIter` is given but a group was never scheduled. */
  constructor({ optimizer, multiplier, maxIter, lastIter = -1 }: LRMultiplierOptions) {
    this.#optimizer = optimizer;
    this.#multiplier = multiplier;
    this.#maxIter = maxIter;
    this.#baseLrs = optimizer.paramGroups.map((group, i) => {
      if (lastIter === -1) group.initialLr ??= group.lr;
      if (group.initialLr === undefined) {
        const detail = `is ${lastIter}, but parameter group ${i} has no initialLr`;
        throw new ScheduleOptionError("LRMultiplier", "lastIter", detail);
      }
      return group.initialLr;
    });
    this.#lastEpoch = lastIter;
    this.step();
  }

  /** The learning rates that are multiplied, by group. */
  get baseLrs(): readonly number[] {
    return this.#baseLrs;
  }

  /** The iteration that the present learning rates are for. The name is PyTorch's: it counts iterations. */
  get lastEpoch(): number {
    return this.#lastEpoch;
  }

  /** Goes on to the next iteration; to be called after the optimizer's step. */
  step(): void {
    this.#lastEpoch += 1;
    const multiplier = this.#multiplier(this.#lastEpoch / this.#maxIter);
    for (const [i, group] of this.#optimizer.paramGroups.entries()) {
      group.lr = this.#baseLrs[i] * multiplier;
    }
  }

  /** The present learning rates, by group. */
  getLastLr(): number[] {
    return this.#optimizer.paramGroups.map(({ lr }) => lr);
  }

  /** `base_lrs` and `last_epoch`, as detectron2 saves them. The schedule itself has no state. */
  stateDict(): Map<string, StateValue> {
    return new Map<string, StateValue>([
      ["base_lrs", [...this.#baseLrs]],
      ["last_epoch", this.#lastEpoch],
    ]);
  }

  /**
   * Goes on from a saved state. Present learning rates are in the optimizer's state, which is loaded by itself.
   *
   * @throws SolverStateError when it is none, or of another number of groups; then nothing changes.
   */
  loadStateDict(state: unknown): void {
    const saved = readMap(state, "scheduler");
    const lastEpoch = readInteger(saved.get("last_epoch"), "last_epoch");
    const baseLrs = readList(saved.get("base_lrs"), "base_lrs").map((lr, i) =>
      readNumber(lr, `base_lrs.${i}`),
    );
    if (baseLrs.length !== this.#baseLrs.length) {
      const detail = `has ${baseLrs.length} groups, wanted ${this.#baseLrs.length}`;
      throw new SolverStateError("base_lrs", detail);
    }
    this.#baseLrs = baseLrs;
    this.#lastEpoch = lastEpoch;
  }
}
