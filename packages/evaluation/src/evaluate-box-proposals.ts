import {
  COCO_AREA_RANGES,
  type AreaRange,
  type CocoAnnotation,
  type CocoDataset,
} from "@detectron-ts/coco";
import { BoxMode, Boxes, type Instances, pairwiseIou } from "@detectron-ts/structures";

import type { TaskMetrics } from "./dataset-evaluator.ts";
import { MissingGroundTruthError } from "./errors.ts";
import { flat, type ProposalFields } from "./prediction.ts";

const { fround } = Math;

/** What a proposal generator gives for an image. */
export interface ImageProposals {
  readonly imageId: number | string;
  readonly proposals: Instances<ProposalFields>;
}

/** Options of {@link evaluateBoxProposals}. */
export interface BoxProposalOptions {
  /** Sizes of objects to look for; all by default. */
  readonly areaRng?: AreaRange;
  /** The likeliest proposals of an image to consider; all by default. */
  readonly limit?: number;
}

/** How many objects proposals cover. */
export interface BoxProposalRecall {
  /** Mean of the recalls. */
  readonly ar: number;
  /** Share of the objects covered at overlaps 0.50, 0.55, …, 0.95. */
  readonly recalls: readonly number[];
  /** Number of objects looked for. */
  readonly numPos: number;
}

/** Overlaps are float32, and so are the thresholds they are held against. */
const THRESHOLDS = Array.from({ length: 10 }, (_, i) => fround(0.5 + 0.05 * i));

/**
 * Recall of proposals, whatever their class. Mirrors `_evaluate_box_proposals` of
 * `detectron2.evaluation.coco_evaluation`.
 *
 * In each image the best pair of a proposal and an object is taken, then the best of the remaining, until either side is
 * used up. Crowds are left out; so is an image without any proposal, with all its objects.
 *
 * @throws {@link MissingGroundTruthError} for an image that the ground truth does not have.
 */
export function evaluateBoxProposals(
  groundTruth: CocoDataset,
  predictions: readonly ImageProposals[],
  { areaRng: { min, max } = COCO_AREA_RANGES[0], limit = Infinity }: BoxProposalOptions = {},
): BoxProposalRecall {
  const objectsOf = new Map<number | string, CocoAnnotation[]>(
    groundTruth.images.map(({ id }) => [id, []]),
  );
  for (const annotation of groundTruth.annotations ?? []) {
    if (!annotation.iscrowd) objectsOf.get(annotation.image_id)?.push(annotation);
  }

  let numPos = 0;
  const covered = THRESHOLDS.map(() => 0);
  for (const { imageId, proposals } of predictions) {
    const objects = objectsOf.get(imageId);
    if (objects === undefined) throw new MissingGroundTruthError(imageId);
    if (proposals.length === 0) continue;
    const wanted = objects.filter(({ area }) => fround(area) >= min && fround(area) <= max);
    numPos += wanted.length;
    for (const overlap of coverObjects(likeliest(proposals, limit), toBoxes(wanted))) {
      THRESHOLDS.forEach((threshold, t) => {
        if (overlap >= threshold) covered[t]++;
      });
    }
  }
  const recalls = covered.map((count) => fround(count / numPos));
  return { ar: float32Mean(recalls), recalls, numPos };
}

/** The last place of a float32 hangs on the order of the sum: PyTorch starts with what vectors of eight leave over. */
function float32Mean(values: readonly number[]): number {
  const inVectors = values.length - (values.length % 8);
  const inOrder = [...values.slice(inVectors), ...values.slice(0, inVectors)];
  return fround(inOrder.reduce((sum, value) => fround(sum + value), 0) / values.length);
}

/**
 * What `COCOEvaluator` reports of proposals: `AR@100`, `ARs@100`, `ARm@100`, `ARl@100` and the same at 1000, in percent.
 */
export function boxProposalMetrics(
  groundTruth: CocoDataset,
  predictions: readonly ImageProposals[],
): TaskMetrics {
  const metrics: Record<string, number> = {};
  for (const limit of [100, 1000]) {
    for (const areaRng of COCO_AREA_RANGES) {
      const suffix = areaRng.label === "all" ? "" : areaRng.label[0];
      const { ar } = evaluateBoxProposals(groundTruth, predictions, { areaRng, limit });
      metrics[`AR${suffix}@${limit}`] = ar * 100;
    }
  }
  return metrics;
}

function likeliest(proposals: Instances<ProposalFields>, limit: number): Boxes {
  const logits = flat(proposals.objectnessLogits);
  const order = Int32Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a]);
  return proposals.proposalBoxes.select(order.subarray(0, limit));
}

function toBoxes(annotations: readonly CocoAnnotation[]): Boxes {
  return new Boxes(
    annotations.map(({ bbox }) => BoxMode.convert([...bbox], BoxMode.XYWH_ABS, BoxMode.XYXY_ABS)),
  );
}

/** Overlaps of the pairs taken greedily, best first. */
function coverObjects(proposals: Boxes, objects: Boxes): number[] {
  const overlaps = pairwiseIou(proposals, objects);
  const isUsed = new Uint8Array(proposals.length);
  const bestProposal = (object: number): number => {
    let best = -1;
    for (let p = 0; p < isUsed.length; p++) {
      if (!isUsed[p] && (best < 0 || overlaps.get(p, object) > overlaps.get(best, object)))
        best = p;
    }
    return best;
  };

  const open = new Map(Array.from({ length: objects.length }, (_, g) => [g, bestProposal(g)]));
  const taken: number[] = [];
  while (open.size > 0 && taken.length < isUsed.length) {
    const [object, proposal] = [...open].reduce((best, pair) =>
      overlaps.get(pair[1], pair[0]) > overlaps.get(best[1], best[0]) ? pair : best,
    );
    taken.push(overlaps.get(proposal, object));
    isUsed[proposal] = 1;
    open.delete(object);
    // Only objects that wanted this very proposal have to look for another.
    for (const [other, wanted] of open)
      if (wanted === proposal) open.set(other, bestProposal(other));
  }
  return taken;
}
