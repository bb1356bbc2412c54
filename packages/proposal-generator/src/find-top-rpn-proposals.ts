import type { BoxTransform } from "@detectron-ts/box-regression";
import { batchedNms, batchedNmsRotated } from "@detectron-ts/layers";
import {
  type Boxes,
  Instances,
  RotatedBoxes,
  rowMajorData,
  type ImageSize,
  StructureShapeError,
} from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

import { NonFiniteProposalError } from "./errors.ts";
import type { Proposals } from "./proposal-generator.ts";
import { topAnchors } from "./top-anchors.ts";

/** Inputs of {@link findTopRpnProposals}: N images, and at each level A anchors at each of H×W locations. */
export interface FindTopRpnProposalsOptions {
  /** Of each level, N×A×H×W, as the head gives them. */
  readonly predObjectnessLogits: readonly NdArray<Float32Array>[];
  /** Of each level, N×(A·boxDim)×H×W: the deltas of the first anchor, those of the second, and so on. */
  readonly predAnchorDeltas: readonly NdArray<Float32Array>[];
  /** Of each level, H·W·A boxes ordered by row, then column, then the anchor at that location. */
  readonly anchors: readonly Boxes[];
  /** Of the same kind of boxes as the anchors. */
  readonly box2boxTransform: BoxTransform;
  /** Height and width of each image, without padding. */
  readonly imageSizes: readonly ImageSize[];
  /** Overlap (IoU) above which the less likely of two boxes of a level goes. */
  readonly nmsThresh: number;
  /** Most boxes of each level and image that enter NMS. */
  readonly preNmsTopk: number;
  /** Most boxes of each image that are kept, all levels together. */
  readonly postNmsTopk: number;
  /** Boxes must be longer than this on both sides, in pixels, after clipping. */
  readonly minBoxSize: number;
  /** Whether infinite and NaN predictions throw; otherwise they are passed over. */
  readonly training: boolean;
}

/**
 * The best proposals of each image, the most likely first: of each level the anchors of highest logit, decoded, clipped
 * to the image and thinned by NMS within the level. Mirrors
 * `detectron2.modeling.proposal_generator.proposal_utils.find_top_rpn_proposals`, and where the anchors are rotated
 * `find_top_rrpn_proposals`.
 *
 * The predictions are read where they lie. Only the boxes of the anchors chosen are decoded: a few thousand out of some
 * 250 000 for an image of usual size.
 *
 * @throws {@link StructureShapeError}
 * @throws {@link NonFiniteProposalError} in training.
 */
export function findTopRpnProposals(options: FindTopRpnProposalsOptions): Proposals[] {
  const { imageSizes, nmsThresh, postNmsTopk, minBoxSize, training } = options;
  const levels = checkedLevels(options);
  return imageSizes.map((imageSize, image) => {
    let candidates = decodeCandidates(levels, image, imageSize, options);
    const finite = finiteRows(candidates);
    const numFinite = finite.reduce((sum, flag) => sum + flag, 0);
    if (numFinite < finite.length) {
      if (training) throw new NonFiniteProposalError(image, finite.length - numFinite);
      candidates = candidates.select(finite);
    }
    candidates.proposalBoxes.clip(imageSize);
    candidates = candidates.select(candidates.proposalBoxes.nonempty(minBoxSize));

    const { proposalBoxes, objectnessLogits, level } = candidates;
    const suppress = proposalBoxes instanceof RotatedBoxes ? batchedNmsRotated : batchedNms;
    const kept = suppress(proposalBoxes.tensor, objectnessLogits, level, nmsThresh, postNmsTopk);
    return candidates.select(rowMajorData(kept)).remove("level");
  });
}

/** The predictions of a level, in memory. */
interface Level {
  readonly logits: Float32Array;
  readonly deltas: Float32Array;
  readonly anchors: Boxes;
  /** Anchors at each location. */
  readonly numCellAnchors: number;
  readonly numLocations: number;
}

type Candidates = Instances<{
  proposalBoxes: Boxes;
  objectnessLogits: NdArray<Float32Array>;
  level: NdArray<Int32Array>;
}>;

/** The best anchors of each level of one image, decoded; one level after the other. */
function decodeCandidates(
  levels: readonly Level[],
  image: number,
  imageSize: ImageSize,
  { box2boxTransform, preNmsTopk }: FindTopRpnProposalsOptions,
): Candidates {
  const chosen = levels.map(({ logits, numCellAnchors, numLocations }) => {
    const start = image * numCellAnchors * numLocations;
    return topAnchors(logits, start, numCellAnchors, numLocations, preNmsTopk);
  });
  const count = chosen.reduce((sum, { length }) => sum + length, 0);
  const { boxDim } = box2boxTransform;
  const boxes = new Float32Array(boxDim * count);
  const logits = new Float32Array(count);
  const levelOf = new Int32Array(count);
  const delta = new Float32Array(boxDim);
  let row = 0;
  for (const [index, level] of levels.entries()) {
    const { numCellAnchors, numLocations } = level;
    const firstPlane = image * numCellAnchors;
    for (const number of chosen[index]) {
      const location = Math.floor(number / numCellAnchors);
      const plane = firstPlane + (number % numCellAnchors);
      for (let i = 0; i < boxDim; i++) {
        delta[i] = level.deltas[(boxDim * plane + i) * numLocations + location];
      }
      const { data } = level.anchors;
      box2boxTransform.applyDeltasInto(delta, 0, data, boxDim * number, boxes, boxDim * row);
      logits[row] = level.logits[plane * numLocations + location];
      levelOf[row] = index;
      row++;
    }
  }
  return new Instances(imageSize, {
    proposalBoxes: levels[0].anchors.like(boxes),
    objectnessLogits: ndarray(logits),
    level: ndarray(levelOf),
  });
}

/** For each candidate, 1 if its box and logit are finite. */
function finiteRows({ proposalBoxes: { data, boxDim }, objectnessLogits }: Candidates): Uint8Array {
  const logits = rowMajorData(objectnessLogits);
  const flags = new Uint8Array(logits.length);
  for (let row = 0; row < flags.length; row++) {
    // A sum of finite float32 is finite in float64, and nothing finite comes of an infinity or NaN.
    let sum = logits[row];
    for (let i = boxDim * row; i < boxDim * (row + 1); i++) sum += data[i];
    flags[row] = Number.isFinite(sum) ? 1 : 0;
  }
  return flags;
}

function checkedLevels({
  predObjectnessLogits,
  predAnchorDeltas,
  anchors,
  box2boxTransform: { boxDim },
  imageSizes,
}: FindTopRpnProposalsOptions): Level[] {
  if (predAnchorDeltas.length !== predObjectnessLogits.length) {
    const wanted = `[${predObjectnessLogits.length}, …]`;
    throw new StructureShapeError("Levels of anchor deltas", [predAnchorDeltas.length], wanted);
  }
  if (anchors.length !== predObjectnessLogits.length) {
    const wanted = `[${predObjectnessLogits.length}, …]`;
    throw new StructureShapeError("Levels of anchors", [anchors.length], wanted);
  }
  return predObjectnessLogits.map((logits, index) => {
    const deltas = predAnchorDeltas[index];
    const [numImages, numCellAnchors, height, width] = logits.shape;
    if (logits.shape.length !== 4 || numImages !== imageSizes.length) {
      const wanted = `[${imageSizes.length}, anchors, height, width]`;
      throw new StructureShapeError(`Logits of level ${index}`, logits.shape, wanted);
    }
    const deltaShape = [numImages, boxDim * numCellAnchors, height, width];
    if (deltas.shape.join() !== deltaShape.join()) {
      const wanted = `[${deltaShape.join(", ")}]`;
      throw new StructureShapeError(`Anchor deltas of level ${index}`, deltas.shape, wanted);
    }
    const numAnchors = numCellAnchors * height * width;
    if (anchors[index].length !== numAnchors || anchors[index].boxDim !== boxDim) {
      const { shape } = anchors[index].tensor;
      const wanted = `[${numAnchors}, ${boxDim}]`;
      throw new StructureShapeError(`Anchors of level ${index}`, shape, wanted);
    }
    return {
      logits: rowMajorData(logits),
      deltas: rowMajorData(deltas),
      anchors: anchors[index],
      numCellAnchors,
      numLocations: height * width,
    };
  });
}
