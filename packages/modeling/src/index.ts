export { buildModel, META_ARCH_REGISTRY, type MetaArchBuilder } from "./build-model.ts";
export {
  BatchLengthError,
  EmptyBatchError,
  MissingInputError,
  ModelImageError,
  ModelModeError,
  ModelOptionsError,
  NonFiniteInputError,
} from "./errors.ts";
export {
  GeneralizedRCNN,
  type DetectionOptions,
  type DetectionOutput,
  type GeneralizedRCNNOptions,
  type MaskROIHeads,
} from "./generalized-rcnn.ts";
export { INPUT_FORMATS, type InputFormat } from "./input-format.ts";
export { MetaArchitecture, type MetaArchitectureOptions } from "./meta-architecture.ts";
export type { ModelInput } from "./model-input.ts";
export { detectorPostprocess, type MappedFields, type Postprocessed } from "./postprocessing.ts";
export { preprocessImages, type PreprocessOptions } from "./preprocess-images.ts";
export {
  ProposalNetwork,
  type ProposalNetworkOptions,
  type ProposalOutput,
} from "./proposal-network.ts";

export { buildAnchorGenerator } from "@detectron-ts/anchor-generator";
export { buildBackbone } from "@detectron-ts/backbone";
export { buildProposalGenerator, buildRpnHead } from "@detectron-ts/proposal-generator";
export { buildBoxHead, buildMaskHead, buildRoiHeads } from "@detectron-ts/roi-heads";
