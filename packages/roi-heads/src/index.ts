export { BaseROIHeads, type BaseROIHeadsOptions } from "./base-roi-heads.ts";
export type { BoxHead } from "./box/box-head.ts";
export { buildBoxHead, ROI_BOX_HEAD_REGISTRY, type BoxHeadBuilder } from "./box/build.ts";
export {
  FastRCNNConvFCHead,
  type FastRCNNConvFCHeadOptions,
} from "./box/fast-rcnn-conv-fc-head.ts";
export {
  fastRcnnInference,
  fastRcnnInferenceRotated,
  type FastRCNNInferenceOptions,
  type FastRCNNInferenceResult,
} from "./box/fast-rcnn-inference.ts";
export {
  FastRCNNOutputLayers,
  type FastRCNNLossName,
  type FastRCNNOutputLayersOptions,
  type FastRCNNPredictions,
} from "./box/fast-rcnn-output-layers.ts";
export { RotatedFastRCNNOutputLayers } from "./box/rotated-fast-rcnn-output-layers.ts";
export {
  sampleFedLossClasses,
  setFedLossClsWeightsSource,
  type FedLossClsWeights,
  type FedLossClsWeightsSource,
} from "./box/federated-loss.ts";
export { buildRoiHeads, ROI_HEADS_REGISTRY, type ROIHeadsBuilder } from "./build.ts";
export {
  CascadeROIHeads,
  type CascadeBoxBranchOptions,
  type CascadeROIHeadsOptions,
} from "./cascade/cascade-roi-heads.ts";
export {
  ClassIndexError,
  CountMismatchError,
  InputShapeError,
  MissingGroundTruthError,
} from "./errors.ts";
export type {
  ClassIndices,
  DetectionFields,
  Features,
  GivenBoxFields,
  GroundTruthMasks,
  KeypointFields,
  LabeledProposalFields,
  LaterFields,
  Losses,
  MaskFields,
  RegionFields,
  TargetFields,
} from "./fields.ts";
export type { FeatureShapes } from "./input-shape.ts";
export {
  buildKeypointHead,
  ROI_KEYPOINT_HEAD_REGISTRY,
  type KeypointHeadBuilder,
} from "./keypoint/build.ts";
export type { KeypointHead } from "./keypoint/keypoint-head.ts";
export { keypointRcnnInference } from "./keypoint/keypoint-rcnn-inference.ts";
export { keypointRcnnLoss } from "./keypoint/keypoint-rcnn-loss.ts";
export {
  KRCNNConvDeconvUpsampleHead,
  type KeypointLossNormalizer,
  type KRCNNConvDeconvUpsampleHeadOptions,
} from "./keypoint/krcnn-conv-deconv-upsample-head.ts";
export { buildMaskHead, ROI_MASK_HEAD_REGISTRY, type MaskHeadBuilder } from "./mask/build.ts";
export type { MaskHead } from "./mask/mask-head.ts";
export {
  MaskRCNNConvUpsampleHead,
  type MaskRCNNConvUpsampleHeadOptions,
} from "./mask/mask-rcnn-conv-upsample-head.ts";
export { maskRcnnInference } from "./mask/mask-rcnn-inference.ts";
export { maskRcnnLoss } from "./mask/mask-rcnn-loss.ts";
export {
  assignBoxesToLevels,
  type LevelAssignmentOptions,
} from "./pooler/assign-boxes-to-levels.ts";
export {
  POOLER_TYPES,
  ROIPooler,
  type PoolerType,
  type ROIPoolerOptions,
} from "./pooler/roi-pooler.ts";
export { Res5ROIHeads, type Res5ROIHeadsOptions } from "./res5-roi-heads.ts";
export type { ROIHeads, ROIHeadsArgs, ROIHeadsOutput } from "./roi-heads.ts";
export { RROIHeads } from "./rroi-heads.ts";
export {
  selectForegroundProposals,
  type ForegroundProposals,
} from "./sampling/select-foreground-proposals.ts";
export { selectProposalsWithVisibleKeypoints } from "./sampling/select-proposals-with-visible-keypoints.ts";
export {
  SeparateBranchROIHeads,
  type KeypointBranchOptions,
  type MaskBranchOptions,
  type SeparateBranchROIHeadsOptions,
} from "./separate-branch-roi-heads.ts";
export {
  StandardROIHeads,
  type BoxBranchOptions,
  type StandardROIHeadsOptions,
} from "./standard-roi-heads.ts";
