import { HookBase, type HookedTrainer } from "../hook-base.ts";

/** A function to call at a point of training. */
export type HookCallback = (trainer: HookedTrainer) => void | Promise<void>;

/** Options of {@link CallbackHook}: a function for each point that there is something to do. */
export interface CallbackHookOptions {
  readonly beforeTrain?: HookCallback;
  readonly afterTrain?: HookCallback;
  readonly beforeStep?: HookCallback;
  readonly afterBackward?: HookCallback;
  readonly afterStep?: HookCallback;
}

/**
 * A hook made of functions. Mirrors `detectron2.engine.hooks.CallbackHook`.
 *
 * @example
 * const hook = new CallbackHook({ afterStep: ({ iter }) => console.log(iter) });
 */
export class CallbackHook extends HookBase {
  readonly #callbacks: CallbackHookOptions;

  constructor(callbacks: CallbackHookOptions) {
    super();
    this.#callbacks = callbacks;
  }

  override beforeTrain(): void | Promise<void> {
    return this.#callbacks.beforeTrain?.(this.trainer);
  }

  override afterTrain(): void | Promise<void> {
    return this.#callbacks.afterTrain?.(this.trainer);
  }

  override beforeStep(): void | Promise<void> {
    return this.#callbacks.beforeStep?.(this.trainer);
  }

  override afterBackward(): void | Promise<void> {
    return this.#callbacks.afterBackward?.(this.trainer);
  }

  override afterStep(): void | Promise<void> {
    return this.#callbacks.afterStep?.(this.trainer);
  }
}
