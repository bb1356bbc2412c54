import { Instances, isNdArray, UnknownFieldError } from "@detectron-ts/structures";
import ndarray from "ndarray";

import type { AnyFields, ProposalFields, TargetFields } from "../fields.ts";

/** The logit of a probability of all but one: ground truth is an object for sure. */
const GROUND_TRUTH_LOGIT = Math.log((1 - 1e-10) / (1 - (1 - 1e-10)));

/**
 * Proposals followed by the ground-truth boxes of the image, so that training always has good proposals. Mirrors
 * `detectron2.modeling.proposal_generator.proposal_utils.add_ground_truth_to_proposals`.
 *
 * Fields that proposals have beyond boxes and logits are taken from the ground truth, which must have them; those that
 * only the ground truth has are left out.
 *
 * @throws UnknownFieldError if the ground truth lacks a field of the proposals.
 */
export function addGroundTruthToProposals<Fields extends ProposalFields>(
  proposals: Instances<Fields>,
  targets: Instances<TargetFields>,
): Instances<Fields> {
  const targetFields: AnyFields = { ...targets.fields() };
  const known: ProposalFields = proposals.fields();
  const proposalFields: AnyFields = { ...known };
  const numTargets = targets.gtBoxes.length;
  const fields = Object.entries(proposalFields).map(([name, value]) => {
    if (name === "proposalBoxes") return [name, targets.gtBoxes];
    if (name === "objectnessLogits") {
      const logits = new Float32Array(numTargets).fill(GROUND_TRUTH_LOGIT);
      return [name, isNdArray(value) ? ndarray(logits) : logits];
    }
    const same = targetFields[name];
    if (same === undefined) throw new UnknownFieldError(name, Object.keys(targetFields));
    return [name, same];
  });
  // The fields are those of the proposals.
  const appended = new Instances<AnyFields>(proposals.imageSize, Object.fromEntries(fields));
  return Instances.cat([proposals, appended as unknown as Instances<Fields>]);
}
