import { isGroup, type LabelMatches, type MatchedPrediction } from "./cityscapes-matches.ts";

/** Objects with fewer pixels are not evaluated. */
const MIN_REGION_SIZE = 100;

/** Detections at one overlap, of all images together. */
interface Curve {
  readonly scores: number[];
  readonly isTrue: boolean[];
  /** Objects that nothing was found of. */
  misses: number;
  hasObject: boolean;
  hasPrediction: boolean;
}

/**
 * Average precision of a label at an overlap (cityscapesScripts' `evaluateMatches`).
 *
 * An object is found by predictions that overlap it by more than the threshold: the one of the highest score is true, others
 * are false. A prediction that found nothing is false, unless more than that share of it lies on void, groups or objects that
 * are too small.
 *
 * @param images - the label's matches in each image.
 * @returns from 0 to 1; NaN when there is no object.
 */
export function cityscapesAveragePrecision(
  images: Iterable<LabelMatches>,
  overlapThreshold: number,
): number {
  const curve: Curve = {
    scores: [],
    isTrue: [],
    misses: 0,
    hasObject: false,
    hasPrediction: false,
  };
  for (const image of images) addImage(curve, image, overlapThreshold);
  if (!curve.hasObject) return NaN;
  return curve.hasPrediction ? areaUnder(curve) : 0;
}

function addImage(curve: Curve, { objects, predictions }: LabelMatches, threshold: number): void {
  const add = (score: number, isTrue: boolean): void => {
    curve.scores.push(score);
    curve.isTrue.push(isTrue);
  };
  if (predictions.length > 0) curve.hasPrediction = true;
  for (const object of objects) {
    if (isGroup(object) || object.pixelCount < MIN_REGION_SIZE) continue;
    curve.hasObject = true;
    const scores = object.matches
      .filter(({ prediction, intersection }) =>
        overlaps(object.pixelCount, prediction.pixelCount, intersection, threshold),
      )
      .map(({ prediction }) => prediction.score);
    if (scores.length === 0) {
      curve.misses++;
      continue;
    }
    const best = Math.max(...scores);
    add(best, true);
    const others = scores.toSpliced(scores.indexOf(best), 1);
    for (const score of others) add(score, false);
  }
  for (const prediction of predictions) {
    if (isFalse(prediction, threshold)) add(prediction.score, false);
  }
}

/** Whether a prediction neither found anything nor lies where nothing is evaluated. */
function isFalse(
  { pixelCount, voidIntersection, matches }: MatchedPrediction,
  threshold: number,
): boolean {
  let ignored = voidIntersection;
  for (const { object, intersection } of matches) {
    if (overlaps(object.pixelCount, pixelCount, intersection, threshold)) return false;
    // A small group counts twice, as in cityscapesScripts.
    if (isGroup(object)) ignored += intersection;
    if (object.pixelCount < MIN_REGION_SIZE) ignored += intersection;
  }
  return ignored / pixelCount <= threshold;
}

function overlaps(a: number, b: number, intersection: number, threshold: number): boolean {
  return intersection / (a + b - intersection) > threshold;
}

/**
 * The area under the curve of precision over recall. Its points are the scores that occur, each a threshold, and one of
 * precision 1 at recall 0. Each precision holds halfway to the recalls of its neighbours.
 */
function areaUnder({ scores, isTrue, misses }: Curve): number {
  const order = Array.from(scores.keys()).sort((a, b) => scores[a] - scores[b]);
  const numTrue = isTrue.filter(Boolean).length;
  const precision: number[] = [];
  const recall: number[] = [];
  let trueBelow = 0;
  order.forEach((position, rank) => {
    if (rank === 0 || scores[position] !== scores[order[rank - 1]]) {
      const truePositives = numTrue - trueBelow;
      precision.push(truePositives / (order.length - rank));
      recall.push(truePositives / (truePositives + trueBelow + misses));
    }
    if (isTrue[position]) trueBelow++;
  });
  precision.push(1);
  recall.push(0);
  const padded = [recall[0], ...recall, 0];
  return precision.reduce((sum, value, i) => sum + value * 0.5 * (padded[i] - padded[i + 2]), 0);
}
