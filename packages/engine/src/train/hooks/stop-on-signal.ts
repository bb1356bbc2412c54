import { HookBase } from "../hook-base.ts";
import type { NamedCheckpointer } from "./best-checkpointer.ts";

/** Options of {@link StopOnSignal}. */
export interface StopOnSignalOptions {
  readonly checkpointer: NamedCheckpointer;
  /** Signals to stop at; SIGINT (Ctrl-C) and SIGTERM when left out. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Told at once, while the present iteration goes on to its end. */
  readonly onSignal?: (signal: NodeJS.Signals) => void;
}

/**
 * Stops training cleanly when the process is told to end: the present iteration is finished and a checkpoint is saved
 * under the iteration's number, so that nothing is lost. A second signal ends the process at once, as without the hook.
 *
 * It should come after the hooks whose state it saves. That training was stopped this way is in {@link signal}.
 */
export class StopOnSignal extends HookBase {
  readonly #checkpointer: NamedCheckpointer;
  readonly #signals: readonly NodeJS.Signals[];
  readonly #onSignal: ((signal: NodeJS.Signals) => void) | undefined;
  #signal: NodeJS.Signals | undefined;

  constructor({ checkpointer, signals = ["SIGINT", "SIGTERM"], onSignal }: StopOnSignalOptions) {
    super();
    this.#checkpointer = checkpointer;
    this.#signals = signals;
    this.#onSignal = onSignal;
  }

  /** The signal that stopped the training, or the one before; undefined when none did. */
  get signal(): NodeJS.Signals | undefined {
    return this.#signal;
  }

  override beforeTrain(): void {
    this.#signal = undefined;
    for (const signal of this.#signals) process.on(signal, this.#stop);
  }

  override async afterTrain(): Promise<void> {
    this.#release();
    const { iter, maxIter, startIter } = this.trainer;
    // A training that was at its end anyway has saved its last checkpoint; without an iteration there is nothing to save.
    if (this.#signal === undefined || iter >= maxIter || iter === startIter) return;
    const iteration = iter - 1;
    await this.#checkpointer.save(`model_${String(iteration).padStart(7, "0")}`, { iteration });
  }

  // A property, so that it can be taken off again.
  readonly #stop = (signal: NodeJS.Signals): void => {
    this.#signal = signal;
    // From now on, signals do what they do without a handler.
    this.#release();
    this.trainer.stop();
    this.#onSignal?.(signal);
  };

  #release(): void {
    for (const signal of this.#signals) process.off(signal, this.#stop);
  }
}
