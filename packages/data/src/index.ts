export type { BuiltinDataset } from "./builtin/builtin-dataset.ts";
export { getLvisInstancesMeta } from "./builtin/builtin-metadata.ts";
export {
  CITYSCAPES_LABELS,
  CITYSCAPES_STUFF_LABELS,
  CITYSCAPES_THING_LABELS,
  type CityscapesLabel,
} from "./builtin/classes/cityscapes.ts";
export { COCO_CATEGORIES, type CocoPanopticCategory } from "./builtin/classes/coco.ts";
export {
  COCO_PERSON_KEYPOINT_FLIP_MAP,
  COCO_PERSON_KEYPOINT_NAMES,
  KEYPOINT_CONNECTION_RULES,
} from "./builtin/classes/coco-person.ts";
export { VOC_CLASSES } from "./builtin/classes/pascal-voc.ts";
export { DATASETS_VARIABLE, datasetsRoot } from "./builtin/datasets-root.ts";
export { requireBuiltin } from "./builtin/load-builtin.ts";
export {
  registerAllAde20k,
  registerAllCityscapes,
  registerAllCoco,
  registerAllLvis,
  registerAllPascalVoc,
} from "./builtin/register-builtin.ts";
export { DatasetCatalog, type DatasetLoader } from "./catalog/dataset-catalog.ts";
export { getFedLossClsWeights } from "./catalog/fed-loss-cls-weights.ts";
export { Metadata, MetadataCatalog, type MetadataFields } from "./catalog/metadata-catalog.ts";
export {
  type Annotation,
  type DatasetDict,
  isRle,
  type PanopticSegment,
  type Segmentation,
} from "./dataset-dict.ts";
export { checkDataOptions, suggestBaseLr } from "./doctor/check-config.ts";
export { checkData, type CheckDataOptions, type DataReport } from "./doctor/check-data.ts";
export type { DataProblem, DataProblemExample, DataProblemKind } from "./doctor/findings.ts";
export {
  AnnotationError,
  BuiltinDatasetError,
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
export { buildTrainSampler, type NamedDataset } from "./loader/train-sampler.ts";
export { buildAugmentation } from "./mapper/build-augmentation.ts";
export {
  checkImageSize,
  DatasetMapper,
  type DatasetMapperOptions,
  type MappedInput,
} from "./mapper/dataset-mapper.ts";
export type { InputMapper, MapperSource } from "./mapper/mapper-source.ts";
export {
  annotationsToInstancesRotated,
  transformRotatedAnnotation,
} from "./mapper/rotated-annotations.ts";
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
export { loadCityscapesPanoptic, loadCityscapesSemantic } from "./readers/cityscapes.ts";
export { type CityscapesFiles, listCityscapesFiles } from "./readers/cityscapes-files.ts";
export {
  loadCityscapesInstances,
  type LoadCityscapesInstancesOptions,
} from "./readers/cityscapes-instances.ts";
export { loadCocoJson, type LoadCocoJsonOptions, registerCocoInstances } from "./readers/coco.ts";
export {
  type CocoAnnotation,
  type CocoCategory,
  type CocoFile,
  type CocoImage,
  readCocoFile,
} from "./readers/coco-file.ts";
export {
  loadCocoPanopticJson,
  loadCocoPanopticSeparated,
  mergeToPanoptic,
  registerCocoPanoptic,
  registerCocoPanopticSeparated,
} from "./readers/coco-panoptic.ts";
export {
  convertToCocoDict,
  convertToCocoJson,
  type ConvertToCocoJsonOptions,
} from "./readers/convert-to-coco.ts";
export { loadLvisJson, type LoadLvisJsonOptions, registerLvisInstances } from "./readers/lvis.ts";
export {
  type LvisCategory,
  type LvisFile,
  type LvisImage,
  readLvisFile,
} from "./readers/lvis-file.ts";
export {
  type PanopticAnnotation,
  type PanopticCategory,
  type PanopticFile,
  type PanopticSegmentInfo,
  readPanopticFile,
} from "./readers/panoptic-file.ts";
export type { PanopticMetadata } from "./readers/panoptic-segments.ts";
export {
  loadProposalsIntoDataset,
  type ProposalFile,
  type ProposalReader,
} from "./readers/proposals.ts";
export { loadSemSeg, type LoadSemSegOptions, registerSemSeg } from "./readers/sem-seg.ts";
export { loadVocInstances, registerPascalVoc } from "./readers/pascal-voc.ts";
export { loadPennFudan, registerPennFudan } from "./readers/penn-fudan.ts";
