import { argsortDescending } from "./argsort.ts";

/** An object of a Pascal VOC annotation file. */
export interface VocObject {
  /** Class. */
  readonly name: string;
  /** Neither finding nor missing a difficult object counts. */
  readonly difficult: boolean;
  /** xmin, ymin, xmax, ymax as in the file: first and last pixel, counted from 1. */
  readonly bbox: readonly [xmin: number, ymin: number, xmax: number, ymax: number];
}

/** Annotations of a Pascal VOC image set by image id: every image of the set, those without objects too. */
export type VocGroundTruth = ReadonlyMap<string, readonly VocObject[]>;

/** A detection of one class. */
export interface VocDetection {
  readonly imageId: string;
  readonly score: number;
  /** As in {@link VocObject}, with decimals. */
  readonly bbox: readonly [xmin: number, ymin: number, xmax: number, ymax: number];
}

/** How {@link vocEval} decides. */
export interface VocEvalOptions {
  /** Overlap that a detection must exceed. */
  readonly ovthresh: number;
  /** The metric of VOC 2007, see {@link vocAp}. */
  readonly use07Metric: boolean;
}

/** Recall and precision after each detection of a class, best score first, and their average precision. */
export interface VocCurve {
  readonly rec: Float64Array;
  readonly prec: Float64Array;
  readonly ap: number;
}

/**
 * Evaluates the detections of one class by the rules of the Pascal VOC challenge (Everingham et al. 2010). Mirrors
 * `voc_eval` of `detectron2.evaluation.pascal_voc_evaluation`.
 *
 * A detection is compared with the object it overlaps most, whether or not that has been found before: a second one on the
 * same object is false.
 *
 * @param detections - in images of the ground truth.
 */
export function vocEval(
  groundTruth: VocGroundTruth,
  detections: readonly VocDetection[],
  className: string,
  { ovthresh, use07Metric }: VocEvalOptions,
): VocCurve {
  const objectsOf = new Map<string, { object: VocObject; found: boolean }[]>();
  let numPositives = 0;
  for (const [imageId, objects] of groundTruth) {
    const ofClass = objects.filter(({ name }) => name === className);
    objectsOf.set(
      imageId,
      ofClass.map((object) => ({ object, found: false })),
    );
    numPositives += ofClass.filter(({ difficult }) => !difficult).length;
  }

  const rec = new Float64Array(detections.length);
  const prec = new Float64Array(detections.length);
  let truePositives = 0;
  let falsePositives = 0;
  const order = argsortDescending(detections.map(({ score }) => score));
  order.forEach((position, i) => {
    const { imageId, bbox } = detections[position];
    let overlap = -Infinity;
    let best: { object: VocObject; found: boolean } | undefined;
    for (const candidate of objectsOf.get(imageId) ?? []) {
      const candidateOverlap = pixelIou(candidate.object.bbox, bbox);
      if (candidateOverlap > overlap) {
        overlap = candidateOverlap;
        best = candidate;
      }
    }
    if (best === undefined || overlap <= ovthresh || (best.found && !best.object.difficult)) {
      falsePositives++;
    } else if (!best.object.difficult) {
      best.found = true;
      truePositives++;
    }
    rec[i] = truePositives / numPositives;
    prec[i] = truePositives / Math.max(truePositives + falsePositives, Number.EPSILON);
  });
  return { rec, prec, ap: vocAp(rec, prec, use07Metric) };
}

/** Intersection over union of boxes given by their first and last pixels: a box from 3 to 3 is one pixel wide. */
function pixelIou(a: VocObject["bbox"], b: VocDetection["bbox"]): number {
  const width = Math.max(Math.min(a[2], b[2]) - Math.max(a[0], b[0]) + 1, 0);
  const height = Math.max(Math.min(a[3], b[3]) - Math.max(a[1], b[1]) + 1, 0);
  const areaA = (a[2] - a[0] + 1) * (a[3] - a[1] + 1);
  const areaB = (b[2] - b[0] + 1) * (b[3] - b[1] + 1);
  return (width * height) / (areaB + areaA - width * height);
}

/**
 * Average precision of a curve. Mirrors `voc_ap` of `detectron2.evaluation.pascal_voc_evaluation`.
 *
 * @param rec - recall after each detection, not falling.
 * @param prec - precision after each detection.
 * @param use07Metric - the mean of the best precision at recalls 0, 0.1, …, 1 and beyond, as in VOC 2007; else the area under
 *   the best precision at each recall and beyond.
 */
export function vocAp(rec: Float64Array, prec: Float64Array, use07Metric: boolean): number {
  return use07Metric ? elevenPointAp(rec, prec) : areaAp(rec, prec);
}

function elevenPointAp(rec: Float64Array, prec: Float64Array): number {
  let ap = 0;
  for (let point = 0; point <= 10; point++) {
    let best = 0;
    // Not point / 10: thresholds are rounded as NumPy's arange rounds them.
    for (let i = 0; i < rec.length; i++) if (rec[i] >= point * 0.1) best = Math.max(best, prec[i]);
    ap += best / 11;
  }
  return ap;
}

function areaAp(rec: Float64Array, prec: Float64Array): number {
  const recall = [0, ...rec, 1];
  const envelope = [0, ...prec, 0];
  for (let i = envelope.length - 1; i > 0; i--) {
    envelope[i - 1] = Math.max(envelope[i - 1], envelope[i]);
  }
  let area = 0;
  for (let i = 1; i < recall.length; i++) {
    if (recall[i] !== recall[i - 1]) area += (recall[i] - recall[i - 1]) * envelope[i];
  }
  return area;
}
