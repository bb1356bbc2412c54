import type { DatasetEvaluator, EvaluationResults } from "./dataset-evaluator.ts";
import { DuplicateResultError } from "./errors.ts";

/** Several evaluators as one. Mirrors `detectron2.evaluation.DatasetEvaluators`. */
export class DatasetEvaluators<Input, Output> implements DatasetEvaluator<Input, Output> {
  readonly #evaluators: readonly DatasetEvaluator<Input, Output>[];

  constructor(evaluators: readonly DatasetEvaluator<Input, Output>[]) {
    this.#evaluators = evaluators;
  }

  reset(): void {
    for (const evaluator of this.#evaluators) evaluator.reset();
  }

  async process(inputs: readonly Input[], outputs: readonly Output[]): Promise<void> {
    for (const evaluator of this.#evaluators) await evaluator.process(inputs, outputs);
  }

  /**
   * The results of all evaluators together.
   *
   * @throws {@link DuplicateResultError} if two report the same task.
   */
  async evaluate(): Promise<EvaluationResults> {
    const results = new Map<string, EvaluationResults[string]>();
    for (const evaluator of this.#evaluators) {
      for (const [task, metrics] of Object.entries((await evaluator.evaluate()) ?? {})) {
        if (results.has(task)) throw new DuplicateResultError(task);
        results.set(task, metrics);
      }
    }
    return Object.fromEntries(results);
  }
}
