import { formatFixed } from "@detectron-ts/coco";

import type { DatasetEvaluator, EvaluationResults } from "./dataset-evaluator.ts";
import { ClassIndexError, MissingGroundTruthError } from "./errors.ts";
import { flat, type DetectionOutput, type EvaluationInput } from "./prediction.ts";
import { categoryTable, smallTable } from "./results-tables.ts";
import { vocEval, type VocDetection, type VocGroundTruth } from "./voc-eval.ts";

/** Options of {@link PascalVOCDetectionEvaluator}. */
export interface PascalVOCDetectionEvaluatorOptions {
  /** Annotations of every image of the set. */
  readonly groundTruth: VocGroundTruth;
  /** Names of the model's classes. */
  readonly classNames: readonly string[];
  /** The eleven-point metric of VOC 2007; else the area under the curve. */
  readonly is2007: boolean;
  /** Receives a table of the classes' AP at an overlap of 0.5; nothing is printed by default. */
  readonly log?: (message: string) => void;
}

/** Overlaps in percent at which detections are matched. */
const THRESHOLDS = Array.from({ length: 10 }, (_, i) => 50 + 5 * i);

/**
 * Average precision by the rules of Pascal VOC. Mirrors `detectron2.evaluation.PascalVOCDetectionEvaluator`.
 *
 * Detections pass through the text files of the VOC kit there, with three decimals of the score and one of a coordinate,
 * and are evaluated as read back. The same is done here to the numbers, without the files.
 */
export class PascalVOCDetectionEvaluator implements DatasetEvaluator<
  EvaluationInput,
  DetectionOutput
> {
  readonly #options: PascalVOCDetectionEvaluatorOptions;
  #detections: VocDetection[][] = [];

  constructor(options: PascalVOCDetectionEvaluatorOptions) {
    this.#options = options;
    this.reset();
  }

  reset(): void {
    this.#detections = this.#options.classNames.map(() => []);
  }

  /**
   * @throws {@link MissingGroundTruthError} for an image that is not in the set.
   * @throws {@link ClassIndexError} for a class without a name.
   */
  process(inputs: readonly EvaluationInput[], outputs: readonly DetectionOutput[]): void {
    inputs.forEach(({ imageId }, i) => {
      if (!this.#options.groundTruth.has(String(imageId))) {
        throw new MissingGroundTruthError(imageId);
      }
      const { predBoxes, scores, predClasses } = outputs[i].instances;
      const [scoreOf, classOf] = [flat(scores), flat(predClasses)];
      [...predBoxes].forEach(([xmin, ymin, xmax, ymax], k) => {
        const detections = this.#detections[classOf[k]];
        if (detections === undefined) {
          throw new ClassIndexError(classOf[k], this.#detections.length, imageId);
        }
        detections.push({
          imageId: String(imageId),
          score: asWritten(scoreOf[k], 3),
          // The kit counts pixels from 1, and its boxes end with their last pixel.
          bbox: [
            asWritten(Math.fround(xmin + 1), 1),
            asWritten(Math.fround(ymin + 1), 1),
            asWritten(xmax, 1),
            asWritten(ymax, 1),
          ],
        });
      });
    });
  }

  /** Percentages: `AP`, the mean over overlaps 0.50, 0.55, …, 0.95, and `AP50` and `AP75`; each the mean over classes. */
  evaluate(): EvaluationResults {
    const { groundTruth, classNames, is2007, log } = this.#options;
    const classAps = THRESHOLDS.map((threshold) =>
      classNames.map((className, classIndex) => {
        const { ap } = vocEval(groundTruth, this.#detections[classIndex], className, {
          ovthresh: threshold / 100,
          use07Metric: is2007,
        });
        return ap * 100;
      }),
    );
    const aps = classAps.map(mean);
    const bbox = {
      AP: mean(aps),
      AP50: aps[THRESHOLDS.indexOf(50)],
      AP75: aps[THRESHOLDS.indexOf(75)],
    };
    if (log) {
      const metric = is2007 ? "VOC 2007" : "VOC 2012";
      const ap50s = classAps[THRESHOLDS.indexOf(50)];
      log(`Evaluation results for bbox using ${metric} metric:\n${smallTable(bbox)}`);
      const table = classNames.map((name, i) => [name, ap50s[i]] as const);
      log(`Per-category bbox AP50:\n${categoryTable("AP50", table)}`);
    }
    return { bbox };
  }
}

function asWritten(value: number, decimals: number): number {
  return Number(formatFixed(value, decimals));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
