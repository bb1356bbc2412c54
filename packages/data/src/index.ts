export { DatasetCatalog, type DatasetLoader } from "./catalog/dataset-catalog.ts";
export { Metadata, MetadataCatalog, type MetadataFields } from "./catalog/metadata-catalog.ts";
export { type Annotation, type DatasetDict, isRle, type Segmentation } from "./dataset-dict.ts";
export { checkDataOptions, suggestBaseLr } from "./doctor/check-config.ts";
export { checkData, type CheckDataOptions, type DataReport } from "./doctor/check-data.ts";
export type { DataProblem, DataProblemExample, DataProblemKind } from "./doctor/findings.ts";
export {
  AnnotationError,
  CatalogError,
  DataOptionError,
  DatasetFileError,
  EmptyDatasetError,
  KeypointFlipError,
  MapperSourceError,
  MaskFormatError,
  MetadataError,
  SizeMismatchError,
  UntransferableError,
  WorkerError,
  WorkerExitError,
} from "./errors.ts";
export {
  aspectRatioGroup,
  BatchPlanner,
  type BatchPlannerOptions,
  type BatchPlannerState,
  type PlannedSample,
} from "./loader/batch-planner.ts";
export {
  buildDetectionTestLoader,
  buildDetectionTrainLoader,
  type BuildTestLoaderOptions,
  type BuildTrainLoaderOptions,
  type DatasetDictsOptions,
  getDetectionDatasetDicts,
} from "./loader/build-loaders.ts";
export {
  DetectionTestLoader,
  type DetectionTestLoaderOptions,
  DetectionTrainLoader,
  type DetectionTrainLoaderOptions,
} from "./loader/detection-loaders.ts";
export type { WorkerOptions } from "./loader/open-mapper.ts";
export {
  InferenceSampler,
  type InferenceSamplerOptions,
  RandomSubsetTrainingSampler,
  type RandomSubsetTrainingSamplerOptions,
  repeatFactorsFromCategoryFrequency,
  RepeatFactorTrainingSampler,
  type RepeatFactorTrainingSamplerOptions,
  type SamplerState,
  TrainingSampler,
  type TrainingSamplerOptions,
  type TrainSampler,
} from "./loader/samplers.ts";
export { buildAugmentation } from "./mapper/build-augmentation.ts";
export {
  checkImageSize,
  DatasetMapper,
  type DatasetMapperOptions,
  type MappedInput,
} from "./mapper/dataset-mapper.ts";
export type { InputMapper, MapperSource } from "./mapper/mapper-source.ts";
export {
  annotationsToInstances,
  createKeypointHflipIndices,
  filterEmptyInstances,
  type FilterEmptyOptions,
  type GroundTruthFields,
  type MaskFormat,
  type TransformAnnotationOptions,
  type TransformedAnnotation,
  transformInstanceAnnotations,
} from "./mapper/instance-annotations.ts";
export {
  type MappedProposalFields,
  transformProposals,
  type TransformProposalsOptions,
} from "./mapper/transform-proposals.ts";
export { loadCocoJson, type LoadCocoJsonOptions, registerCocoInstances } from "./readers/coco.ts";
export {
  type CocoAnnotation,
  type CocoCategory,
  type CocoFile,
  type CocoImage,
  readCocoFile,
} from "./readers/coco-file.ts";
export {
  convertToCocoDict,
  convertToCocoJson,
  type ConvertToCocoJsonOptions,
} from "./readers/convert-to-coco.ts";
export {
  loadProposalsIntoDataset,
  type ProposalFile,
  type ProposalReader,
} from "./readers/proposals.ts";
export { loadSemSeg, type LoadSemSegOptions, registerSemSeg } from "./readers/sem-seg.ts";
export { loadVocInstances, registerPascalVoc, VOC_CLASSES } from "./readers/pascal-voc.ts";
export { loadPennFudan, registerPennFudan } from "./readers/penn-fudan.ts";
