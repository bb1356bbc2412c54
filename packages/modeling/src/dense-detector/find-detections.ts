import type { BoxTransform } from "@detectron-ts/box-regression";
import { batchedNms, TopK } from "@detectron-ts/layers";
import type { DetectionFields } from "@detectron-ts/roi-heads";
import {
  Boxes,
  type ImageSize,
  Instances,
  rowMajorData,
  StructureShapeError,
} from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";
import ndarray from "ndarray";

/** Which predictions of a dense detector become detections, and how. */
export interface DetectionSelection {
  readonly numClasses: number;
  readonly box2boxTransform: BoxTransform;
  /** Scores have to be above it. */
  readonly testScoreThresh: number;
  /** Most predictions of each level and image, one for a class at an anchor, that are decoded. */
  readonly testTopkCandidates: number;
  /** Overlap (IoU) above which the lower score of two boxes of a class goes. */
  readonly testNmsThresh: number;
  /** Most detections of each image. */
  readonly maxDetectionsPerImage: number;
}

/** Predictions for N images, at each level for A anchors at each of H×W locations. */
export interface DensePredictions {
  /** Of each level, N×(A·numClasses)×H×W probabilities, realised. */
  readonly scores: readonly Tensor[];
  /** Of each level, N×(A·4)×H×W, realised. */
  readonly deltas: readonly Tensor[];
  /** Of each level, H·W·A boxes ordered by row, then column, then the anchor at that location. */
  readonly anchors: readonly Boxes[];
  /** Height and width of each image, without padding. */
  readonly imageSizes: readonly ImageSize[];
}

/**
 * The detections of each image, by decreasing score: of each level the best predictions above a threshold, decoded, and
 * then thinned by NMS within each class. Boxes aren't clipped to the image. Mirrors `_decode_multi_level_predictions` and
 * `inference_single_image` of detectron2's dense detectors.
 *
 * The predictions are read where they lie, and only the boxes of those chosen are decoded.
 *
 * @throws StructureShapeError of `@detectron-ts/structures` when predictions do not fit the anchors.
 */
export function findDetections(
  predictions: DensePredictions,
  selection: DetectionSelection,
): Instances<DetectionFields>[] {
  const { numClasses, testNmsThresh, maxDetectionsPerImage } = selection;
  const levels = predictions.scores.map((_, index) => new Level(index, predictions, numClasses));
  return predictions.imageSizes.map((imageSize, image) => {
    const chosen = levels.map((level) => level.best(image, selection));
    const candidates = decode(levels, chosen, image, selection.box2boxTransform);
    const instances = new Instances<DetectionFields>(imageSize, candidates);
    const { predBoxes, scores, predClasses } = instances;
    const kept = batchedNms(
      predBoxes.tensor,
      scores,
      predClasses,
      testNmsThresh,
      maxDetectionsPerImage,
    );
    return instances.select(rowMajorData(kept));
  });
}

/** The predictions of a level, in memory. A class at an anchor has number anchor · numClasses + class. */
class Level {
  readonly scores: Float32Array;
  readonly deltas: Float32Array;
  readonly anchors: Boxes;
  readonly numClasses: number;
  /** Anchors at each location. */
  readonly numCellAnchors: number;
  readonly numLocations: number;

  constructor(index: number, { scores, deltas, anchors }: DensePredictions, numClasses: number) {
    const [numImages, channels, height, width] = scores[index].shape;
    this.numCellAnchors = channels / numClasses;
    this.numLocations = height * width;
    this.numClasses = numClasses;
    this.anchors = anchors[index];
    const numAnchors = this.numCellAnchors * this.numLocations;
    if (this.anchors.length !== numAnchors) {
      const { shape } = this.anchors.tensor;
      throw new StructureShapeError(`Anchors of level ${index}`, shape, `[${numAnchors}, 4]`);
    }
    const deltaShape = [numImages, 4 * this.numCellAnchors, height, width];
    if (deltas[index].shape.join() !== deltaShape.join()) {
      const wanted = `[${deltaShape.join(", ")}]`;
      throw new StructureShapeError(`Deltas of level ${index}`, deltas[index].shape, wanted);
    }
    this.scores = float32(scores[index]);
    this.deltas = float32(deltas[index]);
  }

  /** Numbers of the highest scores above the threshold, the highest first. */
  best(image: number, { testScoreThresh, testTopkCandidates }: DetectionSelection): Int32Array {
    const { scores, numCellAnchors, numClasses, numLocations } = this;
    const threshold = Math.fround(testScoreThresh);
    const best = new TopK(testTopkCandidates);
    let at = image * numCellAnchors * numClasses * numLocations;
    for (let anchor = 0; anchor < numCellAnchors; anchor++) {
      for (let label = 0; label < numClasses; label++) {
        for (let location = 0; location < numLocations; location++, at++) {
          const score = scores[at];
          if (!(score > threshold)) continue;
          best.offer(score, (location * numCellAnchors + anchor) * numClasses + label);
        }
      }
    }
    return best.numbers();
  }
}

/** Boxes, scores and classes of what was chosen of one image, one level after the other. */
function decode(
  levels: readonly Level[],
  chosen: readonly Int32Array[],
  image: number,
  box2boxTransform: BoxTransform,
): DetectionFields {
  const count = chosen.reduce((sum, { length }) => sum + length, 0);
  const boxes = new Float32Array(4 * count);
  const scores = new Float32Array(count);
  const classes = new Int32Array(count);
  const delta = new Float32Array(4);
  let row = 0;
  for (const [index, level] of levels.entries()) {
    const { numCellAnchors, numClasses, numLocations } = level;
    for (const number of chosen[index]) {
      const anchor = Math.floor(number / numClasses);
      const location = Math.floor(anchor / numCellAnchors);
      const plane = image * numCellAnchors + (anchor % numCellAnchors);
      for (let i = 0; i < 4; i++)
        delta[i] = level.deltas[(4 * plane + i) * numLocations + location];
      box2boxTransform.applyDeltasInto(delta, 0, level.anchors.data, 4 * anchor, boxes, 4 * row);
      classes[row] = number % numClasses;
      scores[row] = level.scores[(plane * numClasses + classes[row]) * numLocations + location];
      row++;
    }
  }
  return {
    predBoxes: new Boxes(boxes),
    scores: ndarray(scores),
    predClasses: ndarray(classes),
  };
}

function float32(predictions: Tensor): Float32Array {
  const data = predictions.dataSync();
  if (!(data instanceof Float32Array)) {
    throw new TypeError(`Predictions must be float32, got ${predictions.dtype}.`);
  }
  return data;
}
