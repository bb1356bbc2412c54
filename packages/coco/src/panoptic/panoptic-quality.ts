import { DataLengthError } from "../mask/errors.ts";
import type { ImageId } from "../evaluation/dataset.ts";
import { PanopticSegmentError } from "./errors.ts";

/** A segment as a file of panoptic annotations describes it. */
export interface PanopticSegment {
  /** The value of its pixels, above 0. */
  readonly id: number;
  readonly category_id: number;
  /** 1 for a region of many things, which is neither to be found nor a mistake to find. Of ground truth. */
  readonly iscrowd?: 0 | 1;
  /** Its pixels; counted when left out. */
  readonly area?: number;
}

/** Every pixel of an image in one segment at most. */
export interface PanopticImage {
  readonly imageId: ImageId;
  /** The id of the segment that each pixel belongs to, 0 for none; row by row. */
  readonly ids: Int32Array;
  readonly segments: readonly PanopticSegment[];
}

/** A category of a file of panoptic annotations. */
export interface PanopticCategory {
  readonly id: number;
  readonly name: string;
  /** 1 for things, which can be counted; 0 for stuff. */
  readonly isthing: 0 | 1;
}

/** Panoptic quality and its two factors, fractions of 1. */
export interface PanopticScores {
  /** `sq · rq`. */
  readonly pq: number;
  /** Segmentation quality: mean overlap of the segments found. */
  readonly sq: number;
  /** Recognition quality: the F1 score of finding. */
  readonly rq: number;
}

/** Means over categories that occur; NaN where none does. */
export interface PanopticAverages extends PanopticScores {
  /** How many categories the mean is of. */
  readonly n: number;
}

/** What {@link PanopticQuality} gives. */
export interface PanopticResults {
  readonly all: PanopticAverages;
  readonly things: PanopticAverages;
  readonly stuff: PanopticAverages;
  /** By category id; zeros for categories that don't occur. */
  readonly perClass: ReadonlyMap<number, PanopticScores>;
}

interface Counts {
  iou: number;
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
}

/** The id of pixels that belong to no segment. */
const VOID = 0;
/** Two ids make one key: both are below 2²⁴, and their product below 2⁵³. */
const OFFSET = 2 ** 24;

/**
 * Panoptic quality ("Panoptic Segmentation", Kirillov et al. 2019, section 4), image by image, with panopticapi's numbers.
 *
 * A segment that is predicted matches one of the ground truth if both are of one category and overlap (IoU) by more than a
 * half, which no two can. With TP matches, FP predictions without and FN truths without one,
 * `PQ = Σ IoU / (TP + FP / 2 + FN / 2)`, of each category; then the mean over categories.
 */
export class PanopticQuality {
  readonly #categories: readonly PanopticCategory[];
  readonly #counts: ReadonlyMap<number, Counts>;

  constructor(categories: readonly PanopticCategory[]) {
    this.#categories = categories;
    this.#counts = new Map(
      categories.map(({ id }) => [
        id,
        { iou: 0, truePositives: 0, falsePositives: 0, falseNegatives: 0 },
      ]),
    );
  }

  /**
   * Takes in an image.
   *
   * @throws {@link DataLengthError} when both aren't of one size.
   * @throws {@link PanopticSegmentError} when the predicted pixels and segments don't name the same ids, or the category of
   *   a segment isn't known.
   */
  add(groundTruth: PanopticImage, prediction: PanopticImage): void {
    if (prediction.ids.length !== groundTruth.ids.length) {
      const what = `The prediction for image ${groundTruth.imageId}`;
      throw new DataLengthError(what, prediction.ids.length, groundTruth.ids.length);
    }
    const pairs = countPairs(groundTruth.ids, prediction.ids);
    const truths = segmentsById(
      groundTruth,
      areas(pairs, (key) => Math.floor(key / OFFSET)),
    );
    const predictedAreas = areas(pairs, (key) => key % OFFSET);
    checkPrediction(prediction, predictedAreas);
    const predictions = segmentsById(prediction, predictedAreas, true);

    const matched = this.#match(pairs, truths, predictions);
    const crowds = new Map<number, number>();
    for (const truth of truths.values()) {
      if (truth.isCrowd) crowds.set(truth.categoryId, truth.id);
      else if (!matched.has(truth)) this.#of(truth, groundTruth).falseNegatives++;
    }
    for (const predicted of predictions.values()) {
      const counts = this.#of(predicted, prediction);
      if (matched.has(predicted)) continue;
      // What lies mostly where there is nothing to be right about isn't wrong.
      const crowd = crowds.get(predicted.categoryId);
      const ignored =
        overlap(pairs, VOID, predicted.id) +
        (crowd === undefined ? 0 : overlap(pairs, crowd, predicted.id));
      if (ignored / predicted.area <= 0.5) counts.falsePositives++;
    }
  }

  /** Adds up matches; returns both sides of them. */
  #match(
    pairs: ReadonlyMap<number, number>,
    truths: ReadonlyMap<number, Segment>,
    predictions: ReadonlyMap<number, Segment>,
  ): Set<Segment> {
    const matched = new Set<Segment>();
    for (const [key, intersection] of pairs) {
      const truth = truths.get(Math.floor(key / OFFSET));
      const predicted = predictions.get(key % OFFSET);
      if (truth === undefined || predicted === undefined || truth.isCrowd) continue;
      if (truth.categoryId !== predicted.categoryId) continue;
      const nowhere = overlap(pairs, VOID, predicted.id);
      const iou = intersection / (predicted.area + truth.area - intersection - nowhere);
      if (iou <= 0.5) continue;
      const counts = this.#counts.get(truth.categoryId);
      if (counts) {
        counts.truePositives++;
        counts.iou += iou;
      }
      matched.add(truth).add(predicted);
    }
    return matched;
  }

  #of({ id, categoryId }: Segment, { imageId }: PanopticImage): Counts {
    const counts = this.#counts.get(categoryId);
    if (counts === undefined) {
      throw new PanopticSegmentError(
        imageId,
        id,
        `is of category ${categoryId}, which isn't known`,
      );
    }
    return counts;
  }

  /** The scores of all images so far. */
  summarize(): PanopticResults {
    const perClass = new Map<number, PanopticScores>();
    for (const [id, counts] of this.#counts) perClass.set(id, scoresOf(counts));
    const average = (wanted: (category: PanopticCategory) => boolean): PanopticAverages => {
      const scores = this.#categories.flatMap((category) => {
        const { truePositives, falsePositives, falseNegatives } = this.#counts.get(category.id)!;
        const occurs = truePositives + falsePositives + falseNegatives > 0;
        return occurs && wanted(category) ? [perClass.get(category.id)!] : [];
      });
      const mean = (name: keyof PanopticScores): number =>
        scores.reduce((sum, each) => sum + each[name], 0) / scores.length;
      return { pq: mean("pq"), sq: mean("sq"), rq: mean("rq"), n: scores.length };
    };
    return {
      all: average(() => true),
      things: average(({ isthing }) => isthing === 1),
      stuff: average(({ isthing }) => isthing !== 1),
      perClass,
    };
  }
}

interface Segment {
  readonly id: number;
  readonly categoryId: number;
  readonly isCrowd: boolean;
  readonly area: number;
}

/**
 * How many pixels each pair of ids shares, under `truth · 2²⁴ + prediction`. Neighbours mostly belong to the same pair, so
 * runs of it are counted.
 */
function countPairs(truth: Int32Array, prediction: Int32Array): Map<number, number> {
  const pairs = new Map<number, number>();
  let start = 0;
  for (let pixel = 1; pixel <= truth.length; pixel++) {
    const same =
      pixel < truth.length &&
      truth[pixel] === truth[start] &&
      prediction[pixel] === prediction[start];
    if (same) continue;
    const key = truth[start] * OFFSET + prediction[start];
    pairs.set(key, (pairs.get(key) ?? 0) + pixel - start);
    start = pixel;
  }
  return pairs;
}

function overlap(pairs: ReadonlyMap<number, number>, truth: number, prediction: number): number {
  return pairs.get(truth * OFFSET + prediction) ?? 0;
}

/** Pixels of each id that occurs. */
function areas(
  pairs: ReadonlyMap<number, number>,
  idOf: (key: number) => number,
): Map<number, number> {
  const found = new Map<number, number>();
  for (const [key, count] of pairs) found.set(idOf(key), (found.get(idOf(key)) ?? 0) + count);
  return found;
}

/** @param counted - whether areas are those counted, whatever the segments say. */
function segmentsById(
  { segments }: PanopticImage,
  pixels: ReadonlyMap<number, number>,
  counted = false,
): Map<number, Segment> {
  return new Map(
    segments.map(({ id, category_id, iscrowd, area }) => {
      const size = pixels.get(id) ?? 0;
      const segment: Segment = {
        id,
        categoryId: category_id,
        isCrowd: iscrowd === 1,
        area: counted ? size : (area ?? size),
      };
      return [id, segment];
    }),
  );
}

/** @throws {@link PanopticSegmentError} unless the segments are those of the pixels. */
function checkPrediction(
  { imageId, segments }: PanopticImage,
  pixels: ReadonlyMap<number, number>,
): void {
  const ids = new Set(segments.map(({ id }) => id));
  for (const id of pixels.keys()) {
    if (id === VOID || ids.has(id)) continue;
    throw new PanopticSegmentError(imageId, id, "has pixels, but isn't in the list of segments");
  }
  for (const id of ids) {
    if (pixels.has(id)) continue;
    throw new PanopticSegmentError(imageId, id, "is in the list of segments, but has no pixel");
  }
}

function scoresOf({ iou, truePositives, falsePositives, falseNegatives }: Counts): PanopticScores {
  const found = truePositives + 0.5 * falsePositives + 0.5 * falseNegatives;
  if (found === 0) return { pq: 0, sq: 0, rq: 0 };
  return {
    pq: iou / found,
    sq: truePositives === 0 ? 0 : iou / truePositives,
    rq: truePositives / found,
  };
}
