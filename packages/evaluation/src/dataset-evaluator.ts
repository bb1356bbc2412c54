/** Numbers by the name of the metric, such as `AP` or `AP50`. */
export type TaskMetrics = Readonly<Record<string, number>>;

/** Metrics by task, such as `bbox` or `segm`. */
export type EvaluationResults = Readonly<Record<string, TaskMetrics>>;

/**
 * Collects what a model gives for the batches of a dataset, and measures it at the end. Mirrors
 * `detectron2.evaluation.DatasetEvaluator`.
 *
 * @typeParam Input - what the evaluator reads of an entry of a batch.
 * @typeParam Output - what it reads of the model's answer to one.
 */
export interface DatasetEvaluator<Input, Output> {
  /** Forgets everything; called before the first batch. */
  reset(): void;
  /** Takes in a batch: for each input the output at the same position. */
  process(inputs: readonly Input[], outputs: readonly Output[]): Promise<void> | void;
  /** The metrics; undefined or empty when there is nothing to report. */
  evaluate(): Promise<EvaluationResults | undefined> | EvaluationResults | undefined;
}
