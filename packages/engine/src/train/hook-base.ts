import type { EventStorage } from "@detectron-ts/events";

/** What a hook sees of the trainer that it is registered with. */
export interface HookedTrainer {
  /** The iteration that is running, or done last; after a whole training `maxIter`. */
  readonly iter: number;
  /** The iteration that training began with. */
  readonly startIter: number;
  /** The iteration that training ends before. */
  readonly maxIter: number;
  /** Where scalars of the present training go. */
  readonly storage: EventStorage;
  /** Ends training after the present iteration, as if it were complete but for `iter`, which stays below `maxIter`. */
  stop(): void;
}

/**
 * Something to do at certain points of a training, such as saving checkpoints. Subclasses override the points they want;
 * each may be async. A trainer calls its hooks in the order they were registered:
 *
 * ```text
 * beforeTrain
 * for each iteration:
 *   beforeStep
 *   the step: forward and backward, then afterBackward, then the optimizer
 *   afterStep
 * afterTrain
 * ```
 *
 * Mirrors `detectron2.engine.HookBase`.
 *
 * @example
 * class Greeting extends HookBase {
 *   override afterStep() {
 *     if (this.trainer.iter % 100 === 0) console.log(`hello at iteration ${this.trainer.iter}`);
 *   }
 * }
 */
export abstract class HookBase {
  /** The trainer that the hook is registered with; set by its `registerHooks`. */
  declare trainer: HookedTrainer;

  /** Name that a checkpoint has the hook's state under; the class's unless overridden. */
  readonly stateName: string = this.constructor.name;

  /** Before the first iteration. */
  beforeTrain(): void | Promise<void> {}

  /** After the last iteration, or the failure of one; `trainer.iter` tells which. */
  afterTrain(): void | Promise<void> {}

  /** Before each iteration. */
  beforeStep(): void | Promise<void> {}

  /** After the gradients of each iteration are there, before the optimizer uses them. */
  afterBackward(): void | Promise<void> {}

  /** After each iteration. */
  afterStep(): void | Promise<void> {}

  /** What the hook has to remember when training is resumed; undefined for nothing. */
  stateDict(): ReadonlyMap<string, unknown> | undefined {
    return undefined;
  }

  /** Takes what {@link stateDict} gave. */
  loadStateDict(_state: unknown): void | Promise<void> {}
}
