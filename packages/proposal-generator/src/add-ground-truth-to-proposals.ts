import { Boxes, Instances, LengthMismatchError } from "@detectron-ts/structures";
import ndarray from "ndarray";

import type { GroundTruthFields, Proposals } from "./proposal-generator.ts";

/** Logit of the probability 1 - 1e-10, about 23.02585: ground truth is an object for certain. */
const GROUND_TRUTH_LOGIT = Math.log((1 - 1e-10) / (1 - (1 - 1e-10)));

/**
 * Appends the ground-truth boxes of each image to its proposals, so that RoI heads have positives to learn from before
 * the proposals are any good. Mirrors
 * `detectron2.modeling.proposal_generator.proposal_utils.add_ground_truth_to_proposals`.
 *
 * @param gt - boxes of each image; or instances, which must have every field of the proposals besides boxes and logits.
 *   Fields that the proposals lack are dropped.
 * @param proposals - of each image; left as they are.
 * @throws LengthMismatchError of `@detectron-ts/structures` if the lists have different lengths.
 * @throws UnknownFieldError of `@detectron-ts/structures` if a field of the proposals is missing.
 */
export function addGroundTruthToProposals(
  gt: readonly (Boxes | Instances<GroundTruthFields>)[],
  proposals: readonly Proposals[],
): Proposals[] {
  if (gt.length !== proposals.length) {
    throw new LengthMismatchError("gt", gt.length, proposals.length);
  }
  return proposals.map((proposalsOfImage, image) => {
    const truth = gt[image];
    const [gtBoxes, fields] =
      truth instanceof Boxes ? [truth, {}] : [truth.gtBoxes, truth.fields()];
    const gtProposals = new Instances(proposalsOfImage.imageSize, {
      ...fields,
      proposalBoxes: gtBoxes,
      objectnessLogits: ndarray(new Float32Array(gtBoxes.length).fill(GROUND_TRUTH_LOGIT)),
    });
    return Instances.cat([proposalsOfImage, gtProposals]);
  });
}
