import { join } from "node:path";

import type { CocoDetection } from "@detectron-ts/coco";

import type { CocoEvaluatorOutput } from "./coco-evaluator.ts";
import { CollectedResults, evaluateCollected } from "./collected-results.ts";
import type { DatasetEvaluator, EvaluationResults } from "./dataset-evaluator.ts";
import { boxProposalMetrics } from "./evaluate-box-proposals.ts";
import { evaluateLvisResults, type LvisResultsOptions } from "./evaluate-lvis-results.ts";
import type { LvisDataset } from "./lvis-dataset.ts";
import type { EvaluationInput } from "./prediction.ts";

/** Options of {@link LVISEvaluator}. */
export interface LVISEvaluatorOptions extends LvisResultsOptions {
  /** The dataset's file in LVIS's format, parsed. Without annotations there are no metrics, but results are saved all the same. */
  readonly groundTruth: LvisDataset;
  /** Position among the model's classes of each category id, of datasets with COCO's classes; by default the id less one. */
  readonly thingDatasetIdToContiguousId?: ReadonlyMap<number, number>;
  /** Folder that `lvis_instances_results.json` is written to; none by default. */
  readonly outputDir?: string;
}

/**
 * Average precision by the rules of LVIS, of boxes and masks, and recall of proposals. Mirrors
 * `detectron2.evaluation.LVISEvaluator`; see {@link evaluateLvisResults} for the rules and the results.
 */
export class LVISEvaluator implements DatasetEvaluator<EvaluationInput, CocoEvaluatorOutput> {
  readonly #options: LVISEvaluatorOptions;
  readonly #collected: CollectedResults;

  constructor(options: LVISEvaluatorOptions) {
    this.#options = options;
    const categoryIds = new Map(
      Array.from(options.thingDatasetIdToContiguousId ?? [], ([id, index]) => [index, id]),
    );
    this.#collected = new CollectedResults((index) => categoryIds.get(index) ?? index + 1);
  }

  reset(): void {
    this.#collected.reset();
  }

  process(inputs: readonly EvaluationInput[], outputs: readonly CocoEvaluatorOutput[]): void {
    this.#collected.process(inputs, outputs);
  }

  /** Takes in results as a COCO results file holds them, recorded from a model, with the dataset's own category ids. */
  processResults(results: readonly CocoDetection[]): void {
    this.#collected.add(results);
  }

  /**
   * Measures what has been processed and saves it. Empty when nothing has been processed, or the ground truth has no
   * annotations.
   */
  async evaluate(): Promise<EvaluationResults> {
    const { groundTruth, outputDir, log } = this.#options;
    return evaluateCollected(this.#collected, {
      name: "LVIS",
      file: outputDir === undefined ? undefined : join(outputDir, "lvis_instances_results.json"),
      hasAnnotations: Boolean(groundTruth.annotations?.length),
      log,
      measureProposals: (proposals) => boxProposalMetrics(groundTruth, proposals),
      measureResults: (results) => evaluateLvisResults(groundTruth, results, this.#options),
    });
  }
}
