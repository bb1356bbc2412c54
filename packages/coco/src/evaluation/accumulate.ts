import { byDecreasingScore, type Evaluation } from "./evaluate.ts";
import { Outcome } from "./matching.ts";
import type { EvaluationParams } from "./params.ts";

/**
 * Precision and recall of all detections together: the result of {@link accumulate}, pycocotools' `eval`. −1 stands where
 * there is no ground truth.
 *
 * Axes: T thresholds, R recalls, K categories (1 without categories), A area ranges, M limits on detections; all arrays are
 * row-major.
 */
export interface PrecisionRecall {
  readonly params: EvaluationParams;
  /** T, R, K, A, M. */
  readonly counts: readonly [t: number, r: number, k: number, a: number, m: number];
  /** T×R×K×A×M; best precision at this recall or beyond. */
  readonly precision: Float64Array;
  /** T×R×K×A×M; score of the detection at which the recall is reached. */
  readonly scores: Float64Array;
  /** T×K×A×M; the highest recall. */
  readonly recall: Float64Array;
}

/** Draws the precision-recall curves of an evaluation (pycocotools' `COCOeval.accumulate`). */
export function accumulate(evaluation: Evaluation): PrecisionRecall {
  const { params, categoryStart, numGroundTruth } = evaluation;
  const { iouThrs, recThrs, areaRngs, maxDets } = params;
  const numCategories = categoryStart.length - 1;
  const counts = [
    iouThrs.length,
    recThrs.length,
    numCategories,
    areaRngs.length,
    maxDets.length,
  ] as const;
  const [T, R, K, A, M] = counts;
  const precision = new Float64Array(T * R * K * A * M).fill(-1);
  const scores = new Float64Array(T * R * K * A * M).fill(-1);
  const recall = new Float64Array(T * K * A * M).fill(-1);
  const curve = createCurve(evaluation);

  for (let k = 0; k < K; k++) {
    const sorted = sortByScore(evaluation, categoryStart[k], categoryStart[k + 1]);
    for (let m = 0; m < M; m++) {
      const considered = sorted.filter((d) => evaluation.ranks[d] < maxDets[m]);
      for (let a = 0; a < A; a++) {
        const total = numGroundTruth[k * A + a];
        if (total === 0) continue;
        for (let t = 0; t < T; t++) {
          const { recalls, precisions } = curve(considered, a, t, total);
          recall[((t * K + k) * A + a) * M + m] = recalls.at(-1) ?? 0;
          for (let r = 0; r < R; r++) {
            const at = (((t * R + r) * K + k) * A + a) * M + m;
            const position = firstAtLeast(recalls, recThrs[r]);
            const reached = position < recalls.length;
            precision[at] = reached ? precisions[position] : 0;
            scores[at] = reached ? evaluation.scores[considered[position]] : 0;
          }
        }
      }
    }
  }
  return { params, counts, precision, scores, recall };
}

function sortByScore({ scores }: Evaluation, start: number, end: number): Int32Array {
  return Int32Array.from({ length: end - start }, (_, i) => start + i).sort((a, b) =>
    byDecreasingScore(scores[a], scores[b]),
  );
}

/** Recall and precision after each detection; precision raised to the best that follows. */
interface Curve {
  readonly recalls: Float64Array;
  readonly precisions: Float64Array;
}

/** Gives a function that draws one curve; its arrays are valid until the next call. */
function createCurve({
  outcomes,
  params,
  scores: { length: stride },
}: Evaluation): (considered: Int32Array, a: number, t: number, total: number) => Curve {
  const recallBuffer = new Float64Array(stride);
  const precisionBuffer = new Float64Array(stride);
  const numThresholds = params.iouThrs.length;

  return (considered, a, t, total) => {
    const recalls = recallBuffer.subarray(0, considered.length);
    const precisions = precisionBuffer.subarray(0, considered.length);
    const offset = (a * numThresholds + t) * stride;
    let truePositives = 0;
    let falsePositives = 0;
    for (let i = 0; i < considered.length; i++) {
      const outcome = outcomes[offset + considered[i]];
      if (outcome === Outcome.TRUE_POSITIVE) truePositives++;
      else if (outcome === Outcome.FALSE_POSITIVE) falsePositives++;
      recalls[i] = truePositives / total;
      precisions[i] = truePositives / (falsePositives + truePositives + Number.EPSILON);
    }
    for (let i = considered.length - 1; i > 0; i--) {
      if (precisions[i] > precisions[i - 1]) precisions[i - 1] = precisions[i];
    }
    return { recalls, precisions };
  };
}

/** Position of the first of increasing values that is not below the threshold; their number if there is none. */
function firstAtLeast(values: Float64Array, threshold: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}
