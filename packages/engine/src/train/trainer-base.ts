import { EventStorage } from "@detectron-ts/events";

import { TrainerStateError, TrainingRangeError } from "./errors.ts";
import type { HookBase, HookedTrainer } from "./hook-base.ts";

/**
 * A loop with hooks, and nothing said of what is done in it. Mirrors `detectron2.engine.TrainerBase`.
 *
 * Subclasses implement {@link runStep}, and call {@link afterBackward} in it when the gradients are there.
 */
export abstract class TrainerBase implements HookedTrainer {
  readonly #hooks: HookBase[] = [];
  #iter = 0;
  /** The iteration whose step is done last; -1 before the first. */
  #lastDone = -1;
  #startIter = 0;
  #maxIter = 0;
  #storage: EventStorage | undefined;
  #stopped = false;

  /** One iteration of training. */
  abstract runStep(): Promise<void>;

  get iter(): number {
    return this.#iter;
  }

  get startIter(): number {
    return this.#startIter;
  }

  get maxIter(): number {
    return this.#maxIter;
  }

  /**
   * The storage of the training that runs, or ran last. It is the current one in all that training calls:
   * `getEventStorage()` gives it.
   *
   * @throws TrainerStateError before the first training.
   */
  get storage(): EventStorage {
    if (this.#storage === undefined) {
      throw new TrainerStateError("storage", "is there from the beginning of train() on");
    }
    return this.#storage;
  }

  /** The registered hooks, in the order they are called. */
  get hooks(): readonly HookBase[] {
    return this.#hooks;
  }

  /** Adds hooks after those there are. */
  registerHooks(hooks: Iterable<HookBase>): void {
    for (const hook of hooks) {
      hook.trainer = this;
      this.#hooks.push(hook);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /**
   * Runs iterations `startIter` to `maxIter - 1`, with an event storage of its own. The hooks' `afterTrain` is always
   * called, also when something fails.
   *
   * @throws TrainingRangeError when the two aren't integers ≥ 0; whatever a step or hook throws, and when `afterTrain` fails
   *   after that, an AggregateError of both.
   */
  async train(startIter: number, maxIter: number): Promise<void> {
    if (!isCount(startIter) || !isCount(maxIter)) throw new TrainingRangeError(startIter, maxIter);
    this.#iter = startIter;
    this.#lastDone = startIter - 1;
    this.#startIter = startIter;
    this.#maxIter = maxIter;
    this.#stopped = false;
    using storage = new EventStorage(startIter);
    this.#storage = storage;
    try {
      await this.#loop();
    } catch (error) {
      await this.#endAfter(error);
    }
    await this.afterTrain();
  }

  /**
   * `iteration`, the one done last, -1 for none; and the `hooks`' states by their `stateName`: of two hooks of one name, the
   * first's. detectron2's trainer says one more when it is asked after training, so that a longer one would skip it.
   */
  stateDict(): Map<string, unknown> {
    const state = new Map<string, unknown>([["iteration", this.#lastDone]]);
    const hooks = new Map<string, unknown>();
    for (const hook of this.#hooks) {
      const hookState = hook.stateDict();
      if (hookState === undefined || hooks.has(hook.stateName)) continue;
      hooks.set(hook.stateName, hookState);
    }
    if (hooks.size > 0) state.set("hooks", hooks);
    return state;
  }

  /**
   * Takes what {@link stateDict} gave, or what detectron2's trainer of that name saved: {@link iter} becomes the iteration
   * done last, so that training goes on at `iter + 1`. State of hooks that aren't registered is left out, with a warning of
   * the process.
   *
   * @throws TrainerStateError when it is none.
   */
  async loadStateDict(state: unknown): Promise<void> {
    const iteration = state instanceof Map ? state.get("iteration") : undefined;
    if (!(state instanceof Map) || !(iteration === -1 || isCount(iteration))) {
      throw new TrainerStateError("state", "has to be a Map with an iteration ≥ -1");
    }
    const hookStates = state.get("hooks") ?? new Map();
    if (!(hookStates instanceof Map)) {
      throw new TrainerStateError("state", "has hooks that are no Map");
    }
    this.#iter = iteration;
    this.#lastDone = iteration;
    for (const [name, hookState] of hookStates) {
      const hook = this.#hooks.find(({ stateName }) => stateName === name);
      if (hook !== undefined) await hook.loadStateDict(hookState);
      else process.emitWarning(`No hook takes the state of ${name}`, "TrainerWarning");
    }
  }

  protected async beforeTrain(): Promise<void> {
    for (const hook of this.#hooks) await hook.beforeTrain();
  }

  protected async beforeStep(): Promise<void> {
    // So that all of an iteration's scalars belong to it.
    this.storage.iter = this.#iter;
    for (const hook of this.#hooks) await hook.beforeStep();
  }

  protected async afterBackward(): Promise<void> {
    for (const hook of this.#hooks) await hook.afterBackward();
  }

  protected async afterStep(): Promise<void> {
    for (const hook of this.#hooks) await hook.afterStep();
  }

  protected async afterTrain(): Promise<void> {
    this.storage.iter = this.#iter;
    for (const hook of this.#hooks) await hook.afterTrain();
  }

  async #loop(): Promise<void> {
    await this.beforeTrain();
    while (this.#iter < this.#maxIter && !this.#stopped) {
      await this.beforeStep();
      await this.runStep();
      this.#lastDone = this.#iter;
      await this.afterStep();
      // Only now: a failed iteration's number stays, and after the last one the number is maxIter.
      this.#iter += 1;
    }
  }

  /** Lets the hooks end after a failure, which is thrown on. */
  async #endAfter(error: unknown): Promise<never> {
    try {
      await this.afterTrain();
    } catch (afterTrainError) {
      const message = "Training failed, and so did a hook's afterTrain() after that";
      throw new AggregateError([error, afterTrainError], message, { cause: afterTrainError });
    }
    throw error;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
