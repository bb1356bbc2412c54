export { buildModel, META_ARCH_REGISTRY, type MetaArchBuilder } from "./build-model.ts";
export type { AnchorLabels } from "./dense-detector/anchor-labels.ts";
export {
  DenseDetector,
  permuteToNHWAK,
  type DenseDetectorOptions,
  type DenseHead,
} from "./dense-detector/dense-detector.ts";
export { TwoTowerHead, type TwoTowerHeadOptions } from "./dense-detector/dense-head.ts";
export { GroundTruthClassError } from "./dense-detector/errors.ts";
export {
  FCOSHead,
  type FCOSHeadOptions,
  type FCOSPredictions,
} from "./dense-detector/fcos-head.ts";
export { FCOS, type FCOSOptions } from "./dense-detector/fcos.ts";
export { LossNormalizer } from "./dense-detector/loss-normalizer.ts";
export { RetinaNetHead, type RetinaNetPredictions } from "./dense-detector/retinanet-head.ts";
export { RetinaNet, type RetinaNetOptions } from "./dense-detector/retinanet.ts";
export {
  BatchLengthError,
  EmptyBatchError,
  MissingInputError,
  ModelImageError,
  ModelModeError,
  ModelOptionsError,
  NonFiniteInputError,
  SemSegLabelError,
  SemSegSizeError,
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
export {
  combineSemanticAndInstanceOutputs,
  type CombinedFields,
  type CombineOptions,
  type PanopticSegmentation,
  type SegmentInfo,
} from "./panoptic-fpn/combine-semantic-and-instance-outputs.ts";
export {
  PanopticFPN,
  type PanopticFPNOptions,
  type PanopticOutput,
  type RawPanopticOutput,
} from "./panoptic-fpn/panoptic-fpn.ts";
export { detectorPostprocess, type MappedFields, type Postprocessed } from "./postprocessing.ts";
export { preprocessImages, type PreprocessOptions } from "./preprocess-images.ts";
export {
  ProposalNetwork,
  type ProposalNetworkOptions,
  type ProposalOutput,
} from "./proposal-network.ts";
export {
  buildSemSegHead,
  SEM_SEG_HEADS_REGISTRY,
  type SemSegHeadBuilder,
} from "./semantic-segmentation/build.ts";
export {
  SemSegFPNHead,
  type SemSegFPNHeadOptions,
} from "./semantic-segmentation/sem-seg-fpn-head.ts";
export type {
  SemSegHead,
  SemSegHeadArgs,
  SemSegHeadOutput,
} from "./semantic-segmentation/sem-seg-head.ts";
export {
  SemanticSegmentation,
  semSegPostprocess,
} from "./semantic-segmentation/semantic-segmentation.ts";
export {
  SemanticSegmentor,
  type SemanticSegmentorOptions,
  type SemSegOutput,
} from "./semantic-segmentation/semantic-segmentor.ts";
export {
  TwoStageArchitecture,
  type StageLosses,
  type TwoStageArchitectureOptions,
} from "./two-stage-architecture.ts";
export {
  DatasetMapperTTA,
  type AugmentedInput,
  type DatasetMapperTTAOptions,
} from "./test-time-augmentation/dataset-mapper-tta.ts";
export {
  GeneralizedRCNNWithTTA,
  type GeneralizedRCNNWithTTAOptions,
} from "./test-time-augmentation/generalized-rcnn-with-tta.ts";

export { buildAnchorGenerator } from "@detectron-ts/anchor-generator";
export { buildBackbone } from "@detectron-ts/backbone";
export { buildProposalGenerator, buildRpnHead } from "@detectron-ts/proposal-generator";
export { buildBoxHead, buildMaskHead, buildRoiHeads } from "@detectron-ts/roi-heads";
