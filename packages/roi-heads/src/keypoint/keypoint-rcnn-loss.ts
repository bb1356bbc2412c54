import { getEventStorage, hasEventStorage } from "@detectron-ts/events";
import { crossEntropy } from "@detectron-ts/layers";
import type { Instances } from "@detectron-ts/structures";
import { tensor, type Tensor } from "@detectron-ts/tensor";

import { CountMismatchError, MissingGroundTruthError } from "../errors.ts";
import type { LabeledProposalFields } from "../fields.ts";

/** Target of keypoints that have no loss. */
const NO_LOSS = -1;

/**
 * The keypoint loss of Mask R-CNN (He et al. 2017, section 5): for each keypoint that is labelled and lies inside of the
 * proposal's box, cross entropy over the cells of its heatmap, of which one is right; summed and divided. Mirrors
 * `detectron2.modeling.roi_heads.keypoint_head.keypoint_rcnn_loss`.
 *
 * Without any such keypoint the loss is 0, and the scalar `kpts_num_skipped_batches` of the event storage, not smoothed,
 * goes up by one.
 *
 * @param predKeypointLogits - R×K×S×S, the proposals of all images.
 * @param proposals - foreground proposals with their ground truth.
 * @param normalizer - what the sum is divided by; the number of those keypoints when left out.
 * @returns a lazy scalar.
 * @throws {@link MissingGroundTruthError} without `gtKeypoints`.
 * @throws {@link CountMismatchError} unless logits are of as many rows and keypoints as the proposals.
 */
export function keypointRcnnLoss(
  predKeypointLogits: Tensor,
  proposals: readonly Instances<LabeledProposalFields>[],
  normalizer?: number,
): Tensor {
  const [numRows, numKeypoints, height, width] = predKeypointLogits.shape;
  const targets = new Int32Array(numRows * numKeypoints).fill(NO_LOSS);
  let offset = 0;
  let numValid = 0;
  for (const { gtKeypoints, proposalBoxes } of proposals) {
    if (proposalBoxes.length === 0) continue;
    if (gtKeypoints === undefined) throw new MissingGroundTruthError("gtKeypoints");
    const { index, valid } = gtKeypoints.toHeatmap(proposalBoxes, height);
    if (valid.shape[1] !== numKeypoints) {
      throw new CountMismatchError("keypoints per proposal", valid.shape[1], numKeypoints);
    }
    valid.data.forEach((isValid, i) => {
      if (isValid === 0) return;
      targets[offset + i] = index.data[i];
      numValid++;
    });
    offset += valid.size;
  }
  if (offset !== targets.length) {
    throw new CountMismatchError("rows of keypoint logits", numRows, offset / numKeypoints);
  }
  if (numValid === 0) countSkippedBatch();
  // All rows take part, so that one graph serves however many count.
  const loss = crossEntropy(
    predKeypointLogits.reshape([targets.length, height * width]),
    tensor(targets),
    { reduction: "sum", ignoreIndex: NO_LOSS },
  );
  return loss.div(normalizer ?? Math.max(numValid, 1));
}

function countSkippedBatch(): void {
  if (!hasEventStorage()) return;
  const storage = getEventStorage();
  const name = "kpts_num_skipped_batches";
  const before = storage.latest().get(name)?.value ?? 0;
  storage.putScalar(name, before + 1, { smoothingHint: false });
}
