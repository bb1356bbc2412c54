export {
  COCOEvaluator,
  type CocoEvaluatorOutput,
  type COCOEvaluatorOptions,
} from "./coco-evaluator.ts";
export { deriveCocoResults, instancesToCocoJson } from "./coco-results.ts";
export type { DatasetEvaluator, EvaluationResults, TaskMetrics } from "./dataset-evaluator.ts";
export { DatasetEvaluators } from "./dataset-evaluators.ts";
export {
  ClassIndexError,
  DuplicateResultError,
  ExpectedResultError,
  MetadataMismatchError,
  MissingGroundTruthError,
  OutputLengthError,
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
} from "./prediction.ts";
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
