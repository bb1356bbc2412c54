import type { EventStorage, LatestScalar } from "@detectron-ts/events";

import { TrainerStateError } from "../errors.ts";

/** Whether larger values of a metric are better, or smaller ones. */
export type MetricMode = "max" | "min";

/** Options of hooks that follow a metric. */
export interface MetricOptions {
  /** Name that the metric is recorded under, such as `bbox/AP50`. */
  readonly metric: string;
  /** `max` when left out. */
  readonly mode?: MetricMode;
}

/** Follows a metric that is recorded now and then, and remembers its best value. */
export class BestMetric {
  readonly #metric: string;
  readonly #mode: MetricMode;
  readonly #minDelta: number;
  #seen: LatestScalar | undefined;
  #best: LatestScalar | undefined;

  /** @param options.minDelta By how much a value has to be better than the best to count as better; 0 when left out. */
  constructor({
    metric,
    mode = "max",
    minDelta = 0,
  }: MetricOptions & { readonly minDelta?: number }) {
    this.#metric = metric;
    this.#mode = mode;
    this.#minDelta = minDelta;
  }

  /** The best value so far and its iteration; undefined when there is none. */
  get best(): LatestScalar | undefined {
    return this.#best;
  }

  /**
   * Looks for a value recorded since the last look. A finite one is compared with the best; NaN and infinities are never
   * better.
   *
   * @returns whether the new value is better, and so the best now; undefined when there is no new value.
   */
  look(storage: EventStorage): boolean | undefined {
    const latest = storage.latest().get(this.#metric);
    // The storage has an object of its own for each value.
    if (latest === undefined || latest === this.#seen) return undefined;
    this.#seen = latest;
    const better = this.#isBetter(latest.value);
    if (better) this.#best = latest;
    return better;
  }

  /** Warns when the metric was never seen, as after a misspelling. */
  warnIfUnseen(owner: string): void {
    if (this.#seen !== undefined) return;
    const message = `${owner}: no metric "${this.#metric}" was recorded`;
    process.emitWarning(message, "TrainerWarning");
  }

  /** The best so far, as `best_metric` and `best_iter`; undefined when there is none. */
  stateDict(): Map<string, number> | undefined {
    const best = this.#best;
    return best && new Map(Object.entries({ best_metric: best.value, best_iter: best.iter }));
  }

  /** @throws TrainerStateError when it is not what {@link stateDict} gave. */
  loadStateDict(state: unknown): void {
    const value = readStateNumber(state, "best_metric");
    this.#best = { value, iter: readStateNumber(state, "best_iter") };
  }

  #isBetter(value: number): boolean {
    if (!Number.isFinite(value)) return false;
    if (this.#best === undefined) return true;
    const gain = this.#mode === "max" ? value - this.#best.value : this.#best.value - value;
    return gain > this.#minDelta;
  }
}

/**
 * A number of a saved state.
 *
 * @throws TrainerStateError when the state is no Map, or has no number of that name.
 */
export function readStateNumber(state: unknown, name: string): number {
  const value: unknown = state instanceof Map ? state.get(name) : undefined;
  if (typeof value === "number") return value;
  throw new TrainerStateError("state", `has to be a Map with a number ${name}`);
}
