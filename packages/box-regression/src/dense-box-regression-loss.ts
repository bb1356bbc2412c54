import { ciouLoss, diouLoss, giouLoss, smoothL1Loss } from "@detectron-ts/layers";
import { BoxKindError, rowMajorData, StructureShapeError } from "@detectron-ts/structures";
import { cat, tensor, type Tensor } from "@detectron-ts/tensor";
import ndarray, { type NdArray } from "ndarray";

import type { BoxTransform } from "./box-transform.ts";

/** How boxes are compared: smooth L1 on deltas, or one of the overlap losses on decoded boxes. */
export type BoxRegLossType = "smooth_l1" | "giou" | "diou" | "ciou";

/** Inputs of {@link denseBoxRegressionLoss}: R anchors of all levels, N images. */
export interface DenseBoxRegressionLossOptions {
  /** R×4, or R×5 if rotated; the anchors of all levels, one level after the other. */
  readonly anchors: NdArray<Float32Array>;
  readonly box2boxTransform: BoxTransform;
  /** Predicted deltas of each level, N×Rₗ×4, or N×Rₗ×5. */
  readonly predAnchorDeltas: readonly Tensor[];
  /** For each image, R×4 or R×5: the ground-truth box matched to each anchor. Read only where `fgMask` is set. */
  readonly gtBoxes: readonly NdArray<Float32Array>[];
  /** N×R; not 0 for positive anchors, the only ones with a loss. */
  readonly fgMask: NdArray<Uint8Array>;
  /** `"smooth_l1"` by default. */
  readonly boxRegLossType?: BoxRegLossType;
  /** Where smooth L1 turns from quadratic to linear; 0, the default, is plain L1. */
  readonly smoothL1Beta?: number;
}

/**
 * Box regression loss of a dense detector (RPN, RetinaNet, FCOS), summed over positive anchors; to be normalised by the
 * caller. Mirrors `detectron2.modeling.box_regression._dense_box_regression_loss`.
 *
 * Only the predictions of positive anchors enter the graph's arithmetic; targets are computed beforehand.
 *
 * @returns a scalar, differentiable in the deltas; 0 without positives.
 * @throws {@link StructureShapeError} | {@link DegenerateBoxError}
 * @throws BoxKindError of `@detectron-ts/structures` for an overlap loss of rotated boxes.
 */
export function denseBoxRegressionLoss({
  anchors,
  box2boxTransform,
  predAnchorDeltas,
  gtBoxes,
  fgMask,
  boxRegLossType = "smooth_l1",
  smoothL1Beta = 0,
}: DenseBoxRegressionLossOptions): Tensor {
  const [numAnchors] = anchors.shape;
  const { boxDim } = box2boxTransform;
  const positives = positivePositions(fgMask, gtBoxes.length, numAnchors);
  const positiveAnchors = gatherBoxes(positives, () => anchors, numAnchors, boxDim);
  const positiveTargets = gatherBoxes(positives, (image) => gtBoxes[image], numAnchors, boxDim);
  const predicted = cat(predAnchorDeltas, 1)
    .reshape([-1, boxDim])
    .indexSelect(0, tensor(positives));

  if (boxRegLossType === "smooth_l1") {
    const targets = fromBoxes(box2boxTransform.getDeltas(positiveAnchors, positiveTargets));
    return smoothL1Loss(predicted, targets, { beta: smoothL1Beta, reduction: "sum" });
  }
  if (boxDim !== 4) throw new BoxKindError(`The ${boxRegLossType} loss`, boxDim, 4);
  const boxes = box2boxTransform.applyDeltas(predicted, fromBoxes(positiveAnchors));
  return OVERLAP_LOSSES[boxRegLossType](boxes, fromBoxes(positiveTargets), { reduction: "sum" });
}

const OVERLAP_LOSSES = { giou: giouLoss, diou: diouLoss, ciou: ciouLoss } as const;

/** Positions, image by image, at which the mask is set. */
function positivePositions(
  fgMask: NdArray<Uint8Array>,
  numImages: number,
  numAnchors: number,
): Int32Array {
  const { shape } = fgMask;
  if (shape.length !== 2 || shape[0] !== numImages || shape[1] !== numAnchors) {
    throw new StructureShapeError("fgMask", shape, `[${numImages}, ${numAnchors}]`);
  }
  const mask = rowMajorData(fgMask);
  const positions: number[] = [];
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) positions.push(i);
  return Int32Array.from(positions);
}

/** The boxes at the given positions, out of the R that each image has. */
function gatherBoxes(
  positions: Int32Array,
  boxesOf: (image: number) => NdArray<Float32Array>,
  numAnchors: number,
  boxDim: number,
): NdArray<Float32Array> {
  const gathered = new Float32Array(boxDim * positions.length);
  let image = -1;
  let source = new Float32Array(0);
  for (let i = 0; i < positions.length; i++) {
    const owner = Math.floor(positions[i] / numAnchors);
    if (owner !== image) {
      image = owner;
      source = Float32Array.from(rowMajorData(boxesOf(image)));
    }
    const start = boxDim * (positions[i] % numAnchors);
    gathered.set(source.subarray(start, start + boxDim), boxDim * i);
  }
  return ndarray(gathered, [positions.length, boxDim]);
}

function fromBoxes(boxes: NdArray<Float32Array>): Tensor {
  return tensor(boxes.data, { shape: boxes.shape });
}
