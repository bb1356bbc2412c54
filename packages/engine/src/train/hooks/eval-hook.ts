import { EvaluationResultError, TrainerOptionError } from "../errors.ts";
import { HookBase } from "../hook-base.ts";

/** Results of an evaluation: numbers by name, nested or not. */
export interface EvaluationResults {
  readonly [name: string]: number | EvaluationResults;
}

/** Options of {@link EvalHook}. */
export interface EvalHookOptions {
  /** Iterations from one evaluation to the next; 0 for none but that after training. */
  readonly period: number;
  /** The evaluation. It has to leave the model in training. What it gives is recorded; undefined for nothing. */
  readonly evaluate: () => EvaluationResults | undefined | Promise<EvaluationResults | undefined>;
  /** Whether to evaluate after the last iteration too; true when left out. */
  readonly evalAfterTrain?: boolean;
}

/**
 * Evaluates every `period` iterations and after training, unless that failed or was stopped early. Results are recorded
 * by name, those of nested ones joined by `/`: `{ bbox: { AP: 40 } }` as `bbox/AP`. Mirrors
 * `detectron2.engine.hooks.EvalHook`.
 */
export class EvalHook extends HookBase {
  readonly #period: number;
  readonly #evaluate: EvalHookOptions["evaluate"];
  readonly #evalAfterTrain: boolean;

  /** @throws TrainerOptionError when `period` isn't an integer ≥ 0. */
  constructor({ period, evaluate, evalAfterTrain = true }: EvalHookOptions) {
    super();
    if (!(Number.isInteger(period) && period >= 0)) {
      throw new TrainerOptionError("EvalHook", "period", period, "an integer ≥ 0");
    }
    this.#period = period;
    this.#evaluate = evaluate;
    this.#evalAfterTrain = evalAfterTrain;
  }

  /** @throws EvaluationResultError when a result is no number; then none is recorded. */
  override async afterStep(): Promise<void> {
    const nextIter = this.trainer.iter + 1;
    // After the last iteration, it is done in afterTrain().
    if (this.#period === 0 || nextIter === this.trainer.maxIter) return;
    if (nextIter % this.#period === 0) await this.#run();
  }

  /** @throws as {@link afterStep}. */
  override async afterTrain(): Promise<void> {
    const { iter, maxIter } = this.trainer;
    if (this.#evalAfterTrain && iter >= maxIter) await this.#run();
  }

  async #run(): Promise<void> {
    const results = await this.#evaluate();
    if (results === undefined) return;
    const scalars = [...flatten(results, "")];
    for (const [name, value] of scalars) {
      this.trainer.storage.putScalar(name, value, { smoothingHint: false });
    }
  }
}

function* flatten(results: EvaluationResults, prefix: string): Generator<[string, number]> {
  for (const [key, value] of Object.entries(results)) {
    const name = prefix + key;
    if (typeof value === "number") yield [name, value];
    else if (typeof value === "object" && value !== null) yield* flatten(value, `${name}/`);
    else throw new EvaluationResultError(name, value);
  }
}
