import type { FeatureMaps } from "@detectron-ts/backbone";
import type {
  DetectionOutput,
  GeneralizedRCNN,
  ModelInput,
  PanopticFPN,
  ProposalNetwork,
  ProposalOutput,
} from "@detectron-ts/modeling";
import type { ProposalGenerator, Proposals } from "@detectron-ts/proposal-generator";
import type { DetectionFields, ROIHeads } from "@detectron-ts/roi-heads";
import type { ImageList, Instances } from "@detectron-ts/structures";

/** Any model of the two-stage families. */
export type TwoStageModel =
  | GeneralizedRCNN<ROIHeads, ProposalGenerator | undefined>
  | PanopticFPN<ROIHeads>
  | ProposalNetwork;

/** What each part of a model gives, and the model as a whole. */
export interface PartResults {
  readonly images: ImageList;
  readonly features: FeatureMaps;
  readonly proposals: readonly Proposals[];
  /** In pixels of the network's input; none of a proposal network. */
  readonly rawInstances: readonly Instances<DetectionFields>[];
  /** Of the whole model, called by itself. */
  readonly outputs: readonly (DetectionOutput | ProposalOutput)[];
}

/** Runs a model part by part, as one would by hand, and then as a whole. */
export async function runParts(
  model: TwoStageModel,
  inputs: readonly ModelInput[],
): Promise<PartResults> {
  const images = model.preprocessImage(inputs);
  const features = model.backbone(images.tensor);
  const [proposals] = model.proposalGenerator
    ? await model.proposalGenerator(images, features)
    : [inputs.flatMap((input) => input.proposals ?? [])];
  const [rawInstances] =
    "roiHeads" in model ? await model.roiHeads(images, features, proposals) : [[]];
  return { images, features, proposals, rawInstances, outputs: await model.inference(inputs) };
}
