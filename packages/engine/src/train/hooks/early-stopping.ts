import { TrainerOptionError } from "../errors.ts";
import { HookBase } from "../hook-base.ts";
import { BestMetric, readStateNumber, type MetricOptions } from "./best-metric.ts";

/** Options of {@link EarlyStopping}. */
export interface EarlyStoppingOptions extends MetricOptions {
  /** How many evaluations in a row may bring nothing better before training is stopped. */
  readonly patience: number;
  /** By how much a value has to be better than the best to count as better; 0 when left out. */
  readonly minDelta?: number;
}

/**
 * Stops training when a metric hasn't become better for `patience` evaluations. It should come after the {@link EvalHook}
 * that records the metric. Hooks that come after it still finish the iteration; those that act at the planned end, such as
 * the evaluation after training, do nothing then.
 */
export class EarlyStopping extends HookBase {
  readonly #metric: BestMetric;
  readonly #patience: number;
  /** Evaluations since the best. */
  #worse = 0;
  /** Of the metric: there may be several such hooks. */
  override readonly stateName: string;

  /** @throws TrainerOptionError when `patience` isn't an integer ≥ 1, or `minDelta` isn't ≥ 0. */
  constructor({ patience, minDelta = 0, ...metric }: EarlyStoppingOptions) {
    super();
    if (!(Number.isInteger(patience) && patience >= 1)) {
      throw new TrainerOptionError("EarlyStopping", "patience", patience, "an integer ≥ 1");
    }
    if (!(minDelta >= 0)) {
      throw new TrainerOptionError("EarlyStopping", "minDelta", minDelta, "a number ≥ 0");
    }
    this.#metric = new BestMetric({ ...metric, minDelta });
    this.#patience = patience;
    this.stateName = `EarlyStopping(${metric.metric})`;
  }

  override afterStep(): void {
    const better = this.#metric.look(this.trainer.storage);
    if (better === undefined) return;
    this.#worse = better ? 0 : this.#worse + 1;
    if (this.#worse >= this.#patience) this.trainer.stop();
  }

  override afterTrain(): void {
    this.#metric.warnIfUnseen("EarlyStopping");
  }

  override stateDict(): ReadonlyMap<string, unknown> | undefined {
    return this.#metric.stateDict()?.set("worse_evaluations", this.#worse);
  }

  override loadStateDict(state: unknown): void {
    this.#metric.loadStateDict(state);
    this.#worse = readStateNumber(state, "worse_evaluations");
  }
}
