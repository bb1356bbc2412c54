/** What a scalar of an evaluation measures. */
export interface EvaluationMetric {
  /** "bbox"; with the dataset before it where there are several: "coco_2017_val/bbox". */
  readonly task: string;
  /** "AP50", "AP-person", "AR@100". */
  readonly metric: string;
}

const EVALUATION_METRIC = /^(?<task>.+)\/(?<metric>A[PR][^/]*)$/;

/** Task and metric that a scalar belongs to; undefined when it is no result of evaluation. */
export function evaluationMetric(name: string): EvaluationMetric | undefined {
  const { task, metric } = EVALUATION_METRIC.exec(name)?.groups ?? {};
  return task === undefined ? undefined : { task, metric };
}
