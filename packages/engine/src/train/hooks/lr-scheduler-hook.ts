import { HookBase } from "../hook-base.ts";

/** A schedule as the hook sees it; `LRMultiplier` of `@detectron-ts/solver` is of this kind. */
export interface SteppedScheduler {
  /** Sets the learning rates for the next iteration. */
  step(): void;
  stateDict(): ReadonlyMap<string, unknown>;
  loadStateDict(state: unknown): void | Promise<void>;
}

/** Parameter groups of an optimizer, as the hook sees them. */
export interface LearningRates {
  readonly paramGroups: readonly {
    readonly lr: number;
    readonly params: { readonly length: number };
  }[];
}

/** Options of {@link LRSchedulerHook}. */
export interface LRSchedulerHookOptions {
  readonly optimizer: LearningRates;
  readonly scheduler: SteppedScheduler;
}

/**
 * Records the learning rate that an iteration had as `lr`, then sets that of the next. Of several parameter groups it
 * records the largest one's; of groups of one parameter each, the rate that most of them have. Mirrors
 * `detectron2.engine.hooks.LRScheduler`.
 */
export class LRSchedulerHook extends HookBase {
  readonly #optimizer: LearningRates;
  readonly #scheduler: SteppedScheduler;
  /** Index of the group whose rate is recorded. */
  #recorded = 0;
  override readonly stateName = "LRScheduler";

  constructor({ optimizer, scheduler }: LRSchedulerHookOptions) {
    super();
    this.#optimizer = optimizer;
    this.#scheduler = scheduler;
  }

  override beforeTrain(): void {
    this.#recorded = representativeGroup(this.#optimizer);
  }

  override afterStep(): void {
    const { lr } = this.#optimizer.paramGroups[this.#recorded];
    this.trainer.storage.putScalar("lr", lr, { smoothingHint: false });
    this.#scheduler.step();
  }

  override stateDict(): ReadonlyMap<string, unknown> {
    return this.#scheduler.stateDict();
  }

  override loadStateDict(state: unknown): void | Promise<void> {
    return this.#scheduler.loadStateDict(state);
  }
}

/** Index of the first group that has most parameters, or, if all have one, the most common learning rate. */
function representativeGroup({ paramGroups }: LearningRates): number {
  const sizes = paramGroups.map(({ params }) => params.length);
  const largest = Math.max(...sizes);
  if (largest > 1) return sizes.indexOf(largest);
  const counts = new Map<number, number>();
  for (const { lr } of paramGroups) counts.set(lr, (counts.get(lr) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return paramGroups.findIndex(({ lr }) => counts.get(lr) === most);
}
