export type {
  CityscapesEvaluationLabel,
  CityscapesGroundTruth,
  InstanceIdsReader,
} from "./cityscapes-ground-truth.ts";
export {
  CityscapesInstanceEvaluator,
  type CityscapesInstanceEvaluatorOptions,
} from "./cityscapes-instance-evaluator.ts";
export {
  CityscapesSemSegEvaluator,
  type CityscapesSemSegEvaluatorOptions,
} from "./cityscapes-sem-seg-evaluator.ts";
export {
  COCOEvaluator,
  type CocoEvaluatorOutput,
  type COCOEvaluatorOptions,
} from "./coco-evaluator.ts";
export {
  COCOPanopticEvaluator,
  type COCOPanopticEvaluatorOptions,
  type CocoPanopticDataset,
  type PanopticInput,
  type PanopticOutput,
  type PredictedSegment,
} from "./coco-panoptic-evaluator.ts";
export { deriveCocoResults, instancesToCocoJson } from "./coco-results.ts";
export type { DatasetEvaluator, EvaluationResults, TaskMetrics } from "./dataset-evaluator.ts";
export { DatasetEvaluators } from "./dataset-evaluators.ts";
export {
  ClassIndexError,
  DuplicateResultError,
  ExpectedResultError,
  LabelError,
  MaskSizeError,
  MetadataMismatchError,
  MissingGroundTruthError,
  MissingPredictionError,
  OutputLengthError,
  RotatedCrowdError,
  RepeatedImageError,
  UnexpectedResultsError,
  type UnexpectedResult,
} from "./errors.ts";
export {
  boxProposalMetrics,
  evaluateBoxProposals,
  type BoxProposalOptions,
  type BoxProposalRecall,
  type ImageProposals,
} from "./evaluate-box-proposals.ts";
export { evaluateCocoResults, type CocoResultsOptions } from "./evaluate-coco-results.ts";
export {
  evaluateLvisResults,
  type LvisResultsOptions,
  type LvisTask,
} from "./evaluate-lvis-results.ts";
export {
  inferenceOnDataset,
  type InferenceFunction,
  type InferenceLoader,
  type InferenceModel,
  type InferenceOptions,
  type InferenceProgress,
} from "./inference-on-dataset.ts";
export type {
  LvisDataset,
  LvisDatasetCategory,
  LvisDatasetImage,
  LvisFrequency,
} from "./lvis-dataset.ts";
export { LVISEvaluator, type LVISEvaluatorOptions } from "./lvis-evaluator.ts";
export {
  PascalVOCDetectionEvaluator,
  type PascalVOCDetectionEvaluatorOptions,
} from "./pascal-voc-detection-evaluator.ts";
export type {
  DetectionOutput,
  EvaluationInput,
  PredictionFields,
  ProposalFields,
  ProposalOutput,
  SemSegOutput,
  SemSegPrediction,
} from "./prediction.ts";
export {
  SemSegEvaluator,
  type SemSegEvaluatorOptions,
  type SemSegInput,
} from "./sem-seg-evaluator.ts";
export {
  RotatedCOCOEvaluator,
  type RotatedCOCOEvaluatorOptions,
} from "./rotated-coco-evaluator.ts";
export { rotatedBoxIou } from "./rotated-box-iou.ts";
export { flattenResultsDict, printCsvFormat, verifyResults, type ResultsDict } from "./results.ts";
export {
  vocAp,
  vocEval,
  type VocCurve,
  type VocDetection,
  type VocEvalOptions,
  type VocGroundTruth,
  type VocObject,
} from "./voc-eval.ts";
