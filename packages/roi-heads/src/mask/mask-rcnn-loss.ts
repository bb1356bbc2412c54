import { binaryCrossEntropyWithLogits } from "@detectron-ts/layers";
import type { Instances } from "@detectron-ts/structures";
import { tensor, type Tensor } from "@detectron-ts/tensor";

import { CountMismatchError, MissingGroundTruthError } from "../errors.ts";
import type { LabeledProposalFields } from "../fields.ts";
import { concatClasses } from "../sampling/classes.ts";
import { deferStatistics } from "../statistics/defer-statistics.ts";
import { maskStatistics } from "../statistics/mask-statistics.ts";
import { selectClassChannels } from "./select-class-channels.ts";

/**
 * The mask loss of Mask R-CNN (He et al. 2017, section 3): mean binary cross entropy of each region's mask for its
 * ground-truth class; other classes' masks have no loss. The target is the ground-truth mask inside the proposal's box.
 * Mirrors `detectron2.modeling.roi_heads.mask_head.mask_rcnn_loss`.
 *
 * The event storage gets `mask_rcnn/accuracy`, `mask_rcnn/false_positive` and `mask_rcnn/false_negative`, fractions of
 * pixels.
 *
 * @param predMaskLogits - R×K×M×M, K = 1 for masks that are the same for all classes; the proposals of all images.
 * @param proposals - foreground proposals with their ground truth.
 * @returns a scalar; 0 without proposals.
 * @throws {@link MissingGroundTruthError} without `gtMasks`.
 * @throws ClassIndexError for a class that the logits have no mask for.
 */
export function maskRcnnLoss(
  predMaskLogits: Tensor,
  proposals: readonly Instances<LabeledProposalFields>[],
): Tensor {
  const classes = concatClasses(proposals.map(({ gtClasses }) => gtClasses));
  const [numRows, , height, width] = predMaskLogits.shape;
  if (numRows !== classes.length) {
    throw new CountMismatchError("rows of mask logits", numRows, classes.length);
  }
  const targets = new Float32Array(numRows * height * width);
  let offset = 0;
  for (const { gtMasks, proposalBoxes } of proposals) {
    if (proposalBoxes.length === 0) continue;
    if (gtMasks === undefined) throw new MissingGroundTruthError("gtMasks");
    const { data } = gtMasks.cropAndResize(proposalBoxes, height);
    targets.set(data, offset);
    offset += data.length;
  }
  const logits = selectClassChannels(predMaskLogits, classes);
  deferStatistics(logits, (values) => maskStatistics(values, targets));
  return binaryCrossEntropyWithLogits(logits, tensor(targets, { shape: [numRows, height, width] }));
}
