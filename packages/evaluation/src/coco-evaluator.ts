import { join } from "node:path";

import type { CocoDataset, CocoDetection } from "@detectron-ts/coco";

import { CollectedResults, evaluateCollected } from "./collected-results.ts";
import type { DatasetEvaluator, EvaluationResults } from "./dataset-evaluator.ts";
import { ClassIndexError, MetadataMismatchError } from "./errors.ts";
import { boxProposalMetrics } from "./evaluate-box-proposals.ts";
import { evaluateCocoResults, type CocoResultsOptions } from "./evaluate-coco-results.ts";
import type { DetectionOutput, EvaluationInput, ProposalOutput } from "./prediction.ts";

/** Options of {@link COCOEvaluator}. */
export interface COCOEvaluatorOptions extends CocoResultsOptions {
  /** The dataset's COCO file, parsed. Without annotations there are no metrics, but results are saved all the same. */
  readonly groundTruth: CocoDataset;
  /** Position among the model's classes of each category id; by default the ids in increasing order. */
  readonly thingDatasetIdToContiguousId?: ReadonlyMap<number, number>;
  /** Folder that `coco_instances_results.json` is written to; none by default. */
  readonly outputDir?: string;
}

/** What {@link COCOEvaluator} takes of a model: what was found, or what may be there. */
export type CocoEvaluatorOutput = Partial<DetectionOutput & ProposalOutput>;

/**
 * Average precision by COCO's rules of boxes, masks and keypoints, and recall of proposals. Mirrors
 * `detectron2.evaluation.COCOEvaluator`.
 *
 * Results are percentages: `{ bbox: { AP, AP50, AP75, APs, APm, APl, "AP-<class>", … }, segm: { … } }`, NaN where there is
 * no ground truth of a kind or no prediction at all. Those of proposals are
 * `{ box_proposals: { "AR@100", "ARs@100", … } }`.
 */
export class COCOEvaluator implements DatasetEvaluator<EvaluationInput, CocoEvaluatorOutput> {
  readonly #options: COCOEvaluatorOptions;
  /** Category id of each of the model's classes. */
  readonly #categoryIds: readonly number[];
  readonly #collected = new CollectedResults((index, imageId) => this.#categoryId(index, imageId));

  /** @throws {@link MetadataMismatchError} if the contiguous ids are not 0, 1, 2, …. */
  constructor(options: COCOEvaluatorOptions) {
    const { groundTruth, thingDatasetIdToContiguousId } = options;
    this.#options = options;
    this.#categoryIds = thingDatasetIdToContiguousId
      ? categoryIdsByClass(thingDatasetIdToContiguousId)
      : groundTruth.categories.map(({ id }) => id).sort((a, b) => a - b);
  }

  reset(): void {
    this.#collected.reset();
  }

  /** @throws {@link ClassIndexError} for a class that the dataset does not have. */
  process(inputs: readonly EvaluationInput[], outputs: readonly CocoEvaluatorOutput[]): void {
    this.#collected.process(inputs, outputs);
  }

  /**
   * Takes in results as a COCO results file holds them, recorded from a model, with the dataset's own category ids.
   */
  processResults(results: readonly CocoDetection[]): void {
    this.#collected.add(results);
  }

  /**
   * Measures what has been processed, as {@link evaluateCocoResults} does, and saves it. Empty when nothing has been
   * processed, or the ground truth has no annotations.
   */
  async evaluate(): Promise<EvaluationResults> {
    const { groundTruth, outputDir, log } = this.#options;
    return evaluateCollected(this.#collected, {
      name: "COCO",
      file: outputDir === undefined ? undefined : join(outputDir, "coco_instances_results.json"),
      hasAnnotations: groundTruth.annotations !== undefined,
      log,
      measureProposals: (proposals) => boxProposalMetrics(groundTruth, proposals),
      measureResults: (results) => evaluateCocoResults(groundTruth, results, this.#options),
    });
  }

  #categoryId(classIndex: number, imageId: number | string): number {
    if (classIndex in this.#categoryIds) return this.#categoryIds[classIndex];
    throw new ClassIndexError(classIndex, this.#categoryIds.length, imageId);
  }
}

/** Category ids in the order of the model's classes, which are 0, 1, 2, …. */
function categoryIdsByClass(contiguousIds: ReadonlyMap<number, number>): number[] {
  const ids = [...contiguousIds].sort(([, a], [, b]) => a - b);
  if (ids.some(([, contiguousId], i) => contiguousId !== i)) {
    throw new MetadataMismatchError(
      `contiguous ids must be 0 … ${ids.length - 1}, got ${ids.map(([, id]) => id).join(", ")}`,
    );
  }
  return ids.map(([id]) => id);
}
