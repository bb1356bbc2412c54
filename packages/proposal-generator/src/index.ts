export { addGroundTruthToProposals } from "./add-ground-truth-to-proposals.ts";
export {
  buildProposalGenerator,
  PROPOSAL_GENERATOR_REGISTRY,
  type ProposalGeneratorBuilder,
} from "./build.ts";
export { MissingFeatureError, NonFiniteProposalError } from "./errors.ts";
export { findTopRpnProposals, type FindTopRpnProposalsOptions } from "./find-top-rpn-proposals.ts";
export {
  labelAndSampleAnchors,
  type AnchorTargets,
  type LabelAndSampleAnchorsOptions,
} from "./label-and-sample-anchors.ts";
export type {
  GroundTruthFields,
  ProposalFields,
  ProposalGenerator,
  ProposalGeneratorArgs,
  ProposalGeneratorOutput,
  Proposals,
} from "./proposal-generator.ts";
export { RPN, type RPNOptions, type RPNPredictions, type TrainTest } from "./rpn.ts";
export { RRPN } from "./rrpn.ts";
export {
  buildRpnHead,
  RPN_HEAD_REGISTRY,
  StandardRPNHead,
  type RPNHead,
  type RPNHeadBuilder,
  type RPNHeadOutput,
  type StandardRPNHeadOptions,
} from "./rpn-head.ts";
export { rpnLosses, type RPNLossesOptions, type RPNLossName } from "./rpn-losses.ts";
