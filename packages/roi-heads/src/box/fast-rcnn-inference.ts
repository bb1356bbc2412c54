import { batchedNms, batchedNmsRotated } from "@detectron-ts/layers";
import {
  Boxes,
  Instances,
  RotatedBoxes,
  rowMajorData,
  StructureShapeError,
  type ImageSize,
} from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

import { CountMismatchError } from "../errors.ts";
import { allFinite, storedBoxes, type BoxSource } from "./box-source.ts";
import type { DetectionFields } from "../fields.ts";

/** Which of the scored boxes become detections. */
export interface FastRCNNInferenceOptions {
  /** Scores up to this one are dropped. */
  readonly scoreThresh: number;
  /** Of two boxes of one class with a higher IoU, the one of lower score is dropped. */
  readonly nmsThresh: number;
  /** Most detections of an image; all if negative. */
  readonly topkPerImage: number;
}

/** Detections of one image. */
export interface ImageDetections {
  /** By decreasing score. */
  readonly instances: Instances<DetectionFields>;
  /** For each of them its row, counted without the rows that were dropped as not finite, as in detectron2. */
  readonly keptIndices: NdArray<Int32Array>;
}

/** Detections of a batch, image by image. */
export type FastRCNNInferenceResult = [
  instances: Instances<DetectionFields>[],
  keptIndices: NdArray<Int32Array>[],
];

/**
 * Turns scored boxes into detections. Mirrors `detectron2.modeling.roi_heads.fast_rcnn.fast_rcnn_inference`.
 *
 * For each image: rows with any number that is not finite are dropped; boxes are clipped to the image; every class
 * (but the last, background) with a score above the threshold makes a detection of its own; then non-maximum
 * suppression within each class, and the best remain.
 *
 * @param boxes - for each image, R×4K: a box per class, or R×4: one box for all.
 * @param scores - for each image, R×(K+1).
 * @param imageShapes - height and width of each image.
 * @throws {@link CountMismatchError} unless there are as many of each.
 * @throws {@link StructureShapeError} where the boxes or scores of an image have another shape.
 */
export function fastRcnnInference(
  boxes: readonly NdArray<Float32Array>[],
  scores: readonly NdArray<Float32Array>[],
  imageShapes: readonly ImageSize[],
  options: FastRCNNInferenceOptions,
): FastRCNNInferenceResult {
  return detectInImages(new Boxes([]), boxes, scores, imageShapes, options);
}

/**
 * Turns scored rotated boxes into detections, as {@link fastRcnnInference} does: only boxes that are nearly upright are
 * clipped, angles come out in [-180, 180), and suppression goes by the overlap of rotated boxes. Mirrors
 * `detectron2.modeling.roi_heads.rotated_fast_rcnn.fast_rcnn_inference_rotated`.
 *
 * @param boxes - for each image, R×5K: a box per class, or R×5: one box for all.
 * @param scores - for each image, R×(K+1).
 * @param imageShapes - height and width of each image.
 * @throws {@link CountMismatchError} unless there are as many of each.
 * @throws {@link StructureShapeError} where the boxes or scores of an image have another shape.
 */
export function fastRcnnInferenceRotated(
  boxes: readonly NdArray<Float32Array>[],
  scores: readonly NdArray<Float32Array>[],
  imageShapes: readonly ImageSize[],
  options: FastRCNNInferenceOptions,
): FastRCNNInferenceResult {
  return detectInImages(new RotatedBoxes([]), boxes, scores, imageShapes, options);
}

/** {@link fastRcnnInference} of boxes of a kind. */
function detectInImages(
  kind: Boxes,
  boxes: readonly NdArray<Float32Array>[],
  scores: readonly NdArray<Float32Array>[],
  imageShapes: readonly ImageSize[],
  options: FastRCNNInferenceOptions,
): FastRCNNInferenceResult {
  for (const list of [boxes, scores]) {
    if (list.length !== imageShapes.length) {
      throw new CountMismatchError("images", list.length, imageShapes.length);
    }
  }
  return separate(
    imageShapes.map((imageShape, i) => {
      checkShapes(boxes[i].shape, scores[i].shape, kind.boxDim, i);
      const [numRows, numColumns] = scores[i].shape;
      const imageScores = { data: rowMajorData(scores[i]), numRows, numColumns };
      return detectInImage(storedBoxes(boxes[i], kind), imageScores, imageShape, options);
    }),
  );
}

/** @throws {@link StructureShapeError} unless boxes and scores of an image are of the same rows and classes. */
function checkShapes(
  boxes: readonly number[],
  scores: readonly number[],
  boxDim: number,
  image: number,
): void {
  const [numRows, numColumns] = scores;
  if (scores.length !== 2 || numColumns === 0) {
    throw new StructureShapeError(`Scores of image ${image}`, scores, "[any, classes + 1]");
  }
  const widths = [...new Set([boxDim, boxDim * (numColumns - 1)])];
  if (boxes.length !== 2 || boxes[0] !== numRows || !widths.includes(boxes[1])) {
    const wanted = widths.map((width) => `[${numRows}, ${width}]`).join(" or ");
    throw new StructureShapeError(`Boxes of image ${image}`, boxes, wanted);
  }
}

/** One list of instances and one of indices, as detectron2 returns them. */
export function separate(images: readonly ImageDetections[]): FastRCNNInferenceResult {
  return [images.map(({ instances }) => instances), images.map(({ keptIndices }) => keptIndices)];
}

/** Row-major scores. */
export interface ScoreTable {
  readonly data: Float32Array;
  readonly numRows: number;
  /** Classes and background, which is last. */
  readonly numColumns: number;
}

/** {@link fastRcnnInference} of one image, from boxes that are read only where a score passes. */
export function detectInImage(
  boxes: BoxSource,
  scores: ScoreTable,
  imageShape: ImageSize,
  { scoreThresh, nmsThresh, topkPerImage }: FastRCNNInferenceOptions,
): ImageDetections {
  const candidates = collectCandidates(boxes, scores, Math.fround(scoreThresh));
  candidates.boxes.clip(imageShape);
  const suppress = candidates.boxes instanceof RotatedBoxes ? batchedNmsRotated : batchedNms;
  const kept = suppress(
    candidates.boxes.tensor,
    ndarray(candidates.scores),
    ndarray(candidates.classes),
    nmsThresh,
    topkPerImage < 0 ? Infinity : topkPerImage,
  );
  const best = rowMajorData(kept);
  return {
    instances: new Instances<DetectionFields>(imageShape, {
      predBoxes: candidates.boxes.select(best),
      scores: ndarray(Float32Array.from(best, (i) => candidates.scores[i])),
      predClasses: ndarray(Int32Array.from(best, (i) => candidates.classes[i])),
    }),
    keptIndices: ndarray(Int32Array.from(best, (i) => candidates.rows[i])),
  };
}

/** Pairs of a row and a class whose score passes, row by row. */
interface Candidates {
  /** Not clipped. */
  readonly boxes: Boxes;
  readonly scores: Float32Array;
  readonly classes: Int32Array;
  readonly rows: Int32Array;
}

function collectCandidates(
  source: BoxSource,
  { data, numRows, numColumns }: ScoreTable,
  scoreThresh: number,
): Candidates {
  const numClasses = numColumns - 1;
  const { boxDim } = source;
  const isAgnostic = source.boxesPerRow === 1;
  let count = 0;
  for (let row = 0; row < numRows; row++) {
    for (let label = 0; label < numClasses; label++) {
      if (data[row * numColumns + label] > scoreThresh) count++;
    }
  }

  const boxes = new Float32Array(boxDim * count);
  const scores = new Float32Array(count);
  const classes = new Int32Array(count);
  const rows = new Int32Array(count);
  let finiteRow = 0;
  let found = 0;
  for (let row = 0; row < numRows; row++) {
    const start = row * numColumns;
    if (!allFinite(data, start, numColumns) || !source.isFinite(row)) continue;
    for (let label = 0; label < numClasses; label++) {
      const score = data[start + label];
      if (!(score > scoreThresh)) continue;
      source.read(row, isAgnostic ? 0 : label, boxes, boxDim * found);
      scores[found] = score;
      classes[found] = label;
      rows[found++] = finiteRow;
    }
    finiteRow++;
  }
  // Rows that were dropped have left room at the end.
  return {
    boxes: source.toBoxes(boxes.subarray(0, boxDim * found)),
    scores: scores.subarray(0, found),
    classes: classes.subarray(0, found),
    rows: rows.subarray(0, found),
  };
}
