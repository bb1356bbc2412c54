import type { CocoDetection } from "@detectron-ts/coco";

import { instancesToCocoJson } from "./coco-results.ts";
import type { EvaluationResults, TaskMetrics } from "./dataset-evaluator.ts";
import type { ImageProposals } from "./evaluate-box-proposals.ts";
import type { DetectionOutput, EvaluationInput, ProposalOutput } from "./prediction.ts";
import { smallTable } from "./results-tables.ts";
import { writeJsonList } from "./write-json.ts";

/** What a model found in a dataset so far, in the form of COCO's results files. */
export class CollectedResults {
  readonly #categoryId: (classIndex: number, imageId: number | string) => number;
  #results: CocoDetection[] = [];
  #proposals: ImageProposals[] = [];
  #hasDetected = false;

  /** @param categoryId - gives the dataset's category id of a class of the model. */
  constructor(categoryId: (classIndex: number, imageId: number | string) => number) {
    this.#categoryId = categoryId;
  }

  get results(): readonly CocoDetection[] {
    return this.#results;
  }

  get proposals(): readonly ImageProposals[] {
    return this.#proposals;
  }

  /** Whether a detector was asked at all, be it that it found nothing. */
  get hasDetected(): boolean {
    return this.#hasDetected;
  }

  reset(): void {
    this.#results = [];
    this.#proposals = [];
    this.#hasDetected = false;
  }

  /** Takes in a batch of a model's outputs. */
  process(
    inputs: readonly EvaluationInput[],
    outputs: readonly Partial<DetectionOutput & ProposalOutput>[],
  ): void {
    inputs.forEach(({ imageId }, i) => {
      const { instances, proposals } = outputs[i];
      if (proposals) this.#proposals.push({ imageId, proposals });
      if (!instances) return;
      for (const result of instancesToCocoJson(instances, imageId)) {
        const categoryId = this.#categoryId(result.category_id, imageId);
        this.#results.push({ ...result, category_id: categoryId });
      }
      this.#hasDetected = true;
    });
  }

  /** Takes in results that have the dataset's category ids already. */
  add(results: readonly CocoDetection[]): void {
    this.#results = this.#results.concat(results);
    this.#hasDetected = true;
  }
}

/** What is done with collected results, in COCO's and LVIS's ways alike. */
export interface CollectedEvaluation {
  /** What messages call the evaluator. */
  readonly name: string;
  /** Where the results are saved; they aren't when left out. */
  readonly file: string | undefined;
  /** Whether there is anything to compare with. */
  readonly hasAnnotations: boolean;
  readonly log: ((message: string) => void) | undefined;
  /** Measures proposals. */
  measureProposals(proposals: readonly ImageProposals[]): TaskMetrics;
  /** Measures detections. */
  measureResults(results: readonly CocoDetection[]): EvaluationResults;
}

/** Saves and measures what was collected. Empty when that is nothing, or there is nothing to compare with. */
export async function evaluateCollected(
  { results, proposals, hasDetected }: CollectedResults,
  { name, file, hasAnnotations, log, measureProposals, measureResults }: CollectedEvaluation,
): Promise<EvaluationResults> {
  if (!hasDetected && proposals.length === 0) {
    log?.(`No predictions were given to the ${name} evaluator.`);
    return {};
  }
  if (file !== undefined && hasDetected) await writeJsonList(file, results);
  if (!hasAnnotations) {
    log?.("The ground truth has no annotations: results are not evaluated.");
    return {};
  }
  const measured: Record<string, TaskMetrics> = {};
  if (proposals.length > 0) {
    measured.box_proposals = measureProposals(proposals);
    log?.(`Proposal metrics:\n${smallTable(measured.box_proposals)}`);
  }
  return { ...measured, ...(hasDetected && measureResults(results)) };
}
