import type { CocoDetection } from "@detectron-ts/coco";

import { instancesToCocoJson } from "./coco-results.ts";
import type { ImageProposals } from "./evaluate-box-proposals.ts";
import type { DetectionOutput, EvaluationInput, ProposalOutput } from "./prediction.ts";

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
