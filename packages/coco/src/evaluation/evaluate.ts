import { groupByCell, numGroups } from "./cells.ts";
import { createComparer } from "./compare.ts";
import type { CocoAnnotation, CocoDataset, CocoDetection, ImageId } from "./dataset.ts";
import { InvalidEntryError, UnknownImageError } from "./errors.ts";
import { matchCell } from "./matching.ts";
import { countLabelled } from "./oks.ts";
import { resolveParams, type EvaluationOptions, type EvaluationParams } from "./params.ts";

/**
 * What became of every detection, at every threshold and in every area range: the result of {@link evaluate}.
 *
 * Of the N detections considered, those of category k stand at `categoryStart[k] … categoryStart[k + 1] - 1`: by image, then
 * by decreasing score. There are K categories (1 without categories), A area ranges and T thresholds.
 */
export interface Evaluation {
  readonly params: EvaluationParams;
  /** K + 1. */
  readonly categoryStart: Int32Array;
  /** N. */
  readonly scores: Float64Array;
  /** N; 0 for the best detection of its image and category, and so on. */
  readonly ranks: Int32Array;
  /** A×T×N, row-major; each an {@link Outcome}. */
  readonly outcomes: Uint8Array;
  /** K×A, row-major; objects of the ground truth that count. */
  readonly numGroundTruth: Int32Array;
}

/**
 * Matches detections to the ground truth of a COCO dataset, image by image (pycocotools' `COCOeval.evaluate`).
 *
 * ```ts
 * const evaluation = evaluate(groundTruth, detections, { iouType: "segm" });
 * const { stats, table } = summarize(accumulate(evaluation));
 * ```
 *
 * The area of a detection, which decides whether an unmatched one counts as small, medium or large, is that of its box if
 * the first detection has one, else of its mask. Leave `bbox` out of results to be measured by their masks, as detectron2
 * does for `"segm"`.
 *
 * @throws {@link UnknownImageError} for a detection in an image that the ground truth does not have.
 * @throws {@link InvalidEntryError} for an annotation or detection without what the comparison needs.
 * @throws {@link EvaluationParamsError}
 */
export function evaluate(
  groundTruth: CocoDataset,
  detections: readonly CocoDetection[],
  options: EvaluationOptions = {},
): Evaluation {
  checkImages(groundTruth, detections);
  const params = resolveParams(groundTruth, options);
  const { iouThrs, areaRngs, ignoreUnmatched } = params;
  const annotations = groundTruth.annotations ?? [];
  const objectsOf = groupByCell(annotations, params);
  const detectionsOf = groupByCell(detections, params);
  const compare = createComparer(groundTruth, annotations, detections, params);

  const numImages = params.imgIds.length;
  const numCells = numGroups(params) * numImages;
  const deepest = params.maxDets[params.maxDets.length - 1];
  const cellStart = new Int32Array(numCells + 1);
  for (let cell = 0; cell < numCells; cell++) {
    const count = detectionsOf.start[cell + 1] - detectionsOf.start[cell];
    cellStart[cell + 1] = cellStart[cell] + Math.min(count, deepest);
  }
  const numConsidered = cellStart[numCells];
  const scores = new Float64Array(numConsidered);
  const ranks = new Int32Array(numConsidered);
  const outcomes = new Uint8Array(areaRngs.length * iouThrs.length * numConsidered);
  const numGroundTruth = new Int32Array(numGroups(params) * areaRngs.length);

  for (let cell = 0; cell < numCells; cell++) {
    const objects = objectsOf.members.subarray(objectsOf.start[cell], objectsOf.start[cell + 1]);
    const found = detectionsOf.members.slice(
      detectionsOf.start[cell],
      detectionsOf.start[cell + 1],
    );
    if (objects.length === 0 && found.length === 0) continue;

    const best = found
      .sort((a, b) => byDecreasingScore(detections[a].score, detections[b].score))
      .subarray(0, deepest);
    best.forEach((detection, rank) => {
      scores[cellStart[cell] + rank] = detections[detection].score;
      ranks[cellStart[cell] + rank] = rank;
    });

    const present = Array.from(objects, (object) => checkAnnotation(annotations[object]));
    const isCrowd = Uint8Array.from(present, ({ iscrowd }) => (iscrowd ? 1 : 0));
    const { overlaps, areas: detectionAreas } = compare(best, objects, isCrowd);
    const matchable = {
      overlaps,
      detectionAreas,
      ignoreUnmatched: Uint8Array.from(best, (detection) =>
        ignoreUnmatched(detections[detection].image_id, detections[detection].category_id) ? 1 : 0,
      ),
      ids: present.map(({ id }) => id),
      areas: Float64Array.from(present, ({ area }) => area),
      isCrowd,
      isIgnored: Uint8Array.from(present, (object) => (isIgnored(object, params) ? 1 : 0)),
    };
    const category = Math.floor(cell / numImages);
    areaRngs.forEach((areaRng, a) => {
      const offset = a * iouThrs.length * numConsidered + cellStart[cell];
      numGroundTruth[category * areaRngs.length + a] += matchCell(
        matchable,
        areaRng,
        iouThrs,
        outcomes,
        offset,
        numConsidered,
      );
    });
  }

  const categoryStart = Int32Array.from(
    { length: numGroups(params) + 1 },
    (_, category) => cellStart[category * numImages],
  );
  return { params, categoryStart, scores, ranks, outcomes, numGroundTruth };
}

/** Order of scores from high to low, NaN last. */
export function byDecreasingScore(a: number, b: number): number {
  return b - a || (Number.isNaN(a) ? 1 : 0) - (Number.isNaN(b) ? 1 : 0);
}

function checkImages({ images }: CocoDataset, detections: readonly CocoDetection[]): void {
  const known = new Set<ImageId>(images.map(({ id }) => id));
  detections.forEach(({ image_id }, position) => {
    if (!known.has(image_id)) throw new UnknownImageError(image_id, position);
  });
}

/** Files written by hand lack what COCO's always have. */
function checkAnnotation(annotation: CocoAnnotation): CocoAnnotation {
  const { id, image_id, area, bbox }: Partial<CocoAnnotation> & CocoAnnotation = annotation;
  const missing = typeof area !== "number" ? "area" : !Array.isArray(bbox) ? "bbox" : undefined;
  if (missing === undefined) return annotation;
  throw new InvalidEntryError("annotation", id, image_id, `it has no ${missing}.`);
}

function isIgnored(annotation: CocoAnnotation, { iouType }: EvaluationParams): boolean {
  if (annotation.iscrowd) return true;
  if (iouType !== "keypoints") return false;
  return (annotation.num_keypoints ?? countLabelled(annotation.keypoints ?? [])) === 0;
}
