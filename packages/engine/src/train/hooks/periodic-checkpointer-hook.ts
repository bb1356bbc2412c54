import { HookBase } from "../hook-base.ts";

/** Saves checkpoints at the iterations it thinks fit. */
export interface IterationCheckpointer {
  /** Is told of each iteration that is done. */
  step(iteration: number): Promise<void>;
}

/**
 * Tells a checkpointer of each iteration that is done. It should come after the hooks whose state it saves, such as
 * {@link LRSchedulerHook}. Mirrors `detectron2.engine.hooks.PeriodicCheckpointer`.
 */
export class PeriodicCheckpointerHook extends HookBase {
  readonly #checkpointer: IterationCheckpointer;

  constructor(checkpointer: IterationCheckpointer) {
    super();
    this.#checkpointer = checkpointer;
  }

  override afterStep(): Promise<void> {
    return this.#checkpointer.step(this.trainer.iter);
  }
}
