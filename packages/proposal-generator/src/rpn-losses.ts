import {
  denseBoxRegressionLoss,
  type BoxRegLossType,
  type BoxTransform,
} from "@detectron-ts/box-regression";
import { binaryCrossEntropyWithLogits } from "@detectron-ts/layers";
import { Boxes } from "@detectron-ts/structures";
import { cat, tensor, type Tensor } from "@detectron-ts/tensor";
import ndarray from "ndarray";

import type { AnchorTargets } from "./label-and-sample-anchors.ts";

/** Names of the losses of {@link rpnLosses}. */
export type RPNLossName = "loss_rpn_cls" | "loss_rpn_loc";

/** Inputs of {@link rpnLosses}: N images, and at each level A anchors at each of H×W locations. */
export interface RPNLossesOptions extends AnchorTargets {
  /** Of each level. */
  readonly anchors: readonly Boxes[];
  /** Of each level, N×A×H×W, as the head gives them. */
  readonly predObjectnessLogits: readonly Tensor[];
  /** Of each level, N×(A·boxDim)×H×W, as the head gives them. */
  readonly predAnchorDeltas: readonly Tensor[];
  readonly box2boxTransform: BoxTransform;
  /** Anchors asked for in each image: what the losses are divided by, however many were found. */
  readonly batchSizePerImage: number;
  readonly boxRegLossType: BoxRegLossType;
  readonly smoothL1Beta: number;
}

/**
 * Losses of objectness (over sampled anchors) and of box deltas (over positive ones). Both are sums, divided by
 * `batchSizePerImage` times the number of images, so that an image with few positives does not weigh them more. Mirrors
 * `RPN.losses` of detectron2.
 *
 * @returns lazy scalars, differentiable in the predictions.
 */
export function rpnLosses({
  anchors,
  predObjectnessLogits,
  predAnchorDeltas,
  gtLabels,
  gtBoxes,
  box2boxTransform,
  batchSizePerImage,
  boxRegLossType,
  smoothL1Beta,
}: RPNLossesOptions): Record<RPNLossName, Tensor> {
  const allAnchors = Boxes.cat(anchors);
  const numImages = gtLabels.length;
  const normalizer = batchSizePerImage * numImages;

  const labels = new Int8Array(numImages * allAnchors.length);
  for (const [image, labelsOfImage] of gtLabels.entries()) {
    labels.set(labelsOfImage, image * allAnchors.length);
  }
  const logits = cat(
    predObjectnessLogits.map((level) => locationMajor(level).reshape([numImages, -1])),
    1,
  );
  const sampled = positionsOf(labels, (label) => label >= 0);
  const objectnessLoss = binaryCrossEntropyWithLogits(
    logits.reshape([-1]).indexSelect(0, tensor(sampled)),
    tensor(Float32Array.from(sampled, (position) => labels[position])),
    { reduction: "sum" },
  );

  const localizationLoss = denseBoxRegressionLoss({
    anchors: allAnchors.tensor,
    box2boxTransform,
    predAnchorDeltas: predAnchorDeltas.map((level) =>
      locationMajor(level).reshape([numImages, -1, box2boxTransform.boxDim]),
    ),
    gtBoxes,
    fgMask: ndarray(
      Uint8Array.from(labels, (label) => (label === 1 ? 1 : 0)),
      [numImages, allAnchors.length],
    ),
    boxRegLossType,
    smoothL1Beta,
  });
  return {
    loss_rpn_cls: objectnessLoss.div(normalizer),
    loss_rpn_loc: localizationLoss.div(normalizer),
  };
}

/** N×C×H×W to N×H×W×C: the order of the anchors, location by location. */
function locationMajor(predictions: Tensor): Tensor {
  return predictions.permute(0, 2, 3, 1);
}

function positionsOf(labels: Int8Array, wanted: (label: number) => boolean): Int32Array {
  const positions: number[] = [];
  for (let i = 0; i < labels.length; i++) if (wanted(labels[i])) positions.push(i);
  return Int32Array.from(positions);
}
