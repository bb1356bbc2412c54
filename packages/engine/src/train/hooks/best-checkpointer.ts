import { HookBase } from "../hook-base.ts";
import { BestMetric, type MetricOptions } from "./best-metric.ts";

/** Saves a checkpoint under a name; `DetectionCheckpointer` of `@detectron-ts/checkpoint` is of this kind. */
export interface NamedCheckpointer {
  save(name: string, extra: { readonly iteration: number }): Promise<unknown>;
}

/** Options of {@link BestCheckpointer}. */
export interface BestCheckpointerOptions extends MetricOptions {
  readonly checkpointer: NamedCheckpointer;
  /** Name of the checkpoint; `model_best` when left out. */
  readonly filePrefix?: string;
}

/**
 * Saves a checkpoint whenever a metric has become better than ever, over that of before. It should come after the
 * {@link EvalHook} that records the metric. Mirrors `detectron2.engine.hooks.BestCheckpointer`, but also remembers the
 * best value when training is resumed.
 */
export class BestCheckpointer extends HookBase {
  readonly #checkpointer: NamedCheckpointer;
  readonly #metric: BestMetric;
  readonly #filePrefix: string;
  /** Of the metric: there may be several such hooks. */
  override readonly stateName: string;

  constructor({ checkpointer, filePrefix = "model_best", ...metric }: BestCheckpointerOptions) {
    super();
    this.#checkpointer = checkpointer;
    this.#metric = new BestMetric(metric);
    this.#filePrefix = filePrefix;
    this.stateName = `BestCheckpointer(${metric.metric})`;
  }

  override afterStep(): Promise<void> {
    return this.#saveIfBetter();
  }

  override async afterTrain(): Promise<void> {
    await this.#saveIfBetter();
    this.#metric.warnIfUnseen("BestCheckpointer");
  }

  override stateDict(): ReadonlyMap<string, unknown> | undefined {
    return this.#metric.stateDict();
  }

  override loadStateDict(state: unknown): void {
    this.#metric.loadStateDict(state);
  }

  async #saveIfBetter(): Promise<void> {
    const better = this.#metric.look(this.trainer.storage);
    const { best } = this.#metric;
    if (better !== true || best === undefined) return;
    await this.#checkpointer.save(this.#filePrefix, { iteration: best.iter });
  }
}
