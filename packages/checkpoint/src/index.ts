export {
  readCheckpoint,
  type Checkpoint,
  type CheckpointFormat,
  type ReadCheckpointOptions,
} from "./read-checkpoint.ts";
export {
  inspectCheckpoint,
  type CheckpointSummary,
  type TensorSummary,
} from "./inspect-checkpoint.ts";
export { readPickle } from "./read-pickle.ts";
export { UnknownObject, type CheckpointKey, type CheckpointValue } from "./pickle/explore.ts";
export { readFloat32, type CheckpointTensor, type TensorValue } from "./tensor.ts";
export {
  float16ToFloat32,
  float32ToFloat16,
  itemSize,
  toFloat32,
  type CheckpointDType,
  type TensorData,
} from "./dtype.ts";
export {
  readSafetensors,
  writeSafetensors,
  type Safetensors,
  type WriteSafetensorsOptions,
} from "./safetensors.ts";
export { writePth } from "./write/pth.ts";
export { OrderedDict, PythonFloat, PythonTuple } from "./write/python-values.ts";
export {
  type CheckpointExtra,
  DetectionCheckpointer,
  type DetectionCheckpointerOptions,
  type LoadOptions,
  type ResumeOptions,
  type SaveOptions,
  type Stateful,
} from "./load/checkpointer.ts";
export { type LoadedValue } from "./load/loaded-value.ts";
export {
  type ModelTensorData,
  type StateDictEntry,
  type StateDictTarget,
} from "./load/model-state.ts";
export {
  PeriodicCheckpointer,
  type PeriodicCheckpointerOptions,
} from "./load/periodic-checkpointer.ts";
export {
  LoadReport,
  type IncorrectShape,
  type LoadReportFields,
  type MatchedKey,
} from "./load/report.ts";
export {
  alignAndUpdateStateDicts,
  stripPrefixIfPresent,
  type Alignment,
  type Shaped,
} from "./load/matching.ts";
export { convertC2DetectronNames, convertC2Name, type ConvertedBlob } from "./load/caffe2.ts";
export { catalogUrl } from "./remote/catalog.ts";
export { checksumInFileName } from "./remote/checksum.ts";
export { download, type DownloadOptions, type DownloadProgress } from "./remote/download.ts";
export {
  defaultCacheDir,
  getLocalPath,
  parseCheckpointPath,
  type CheckpointPath,
  type LocalPathOptions,
} from "./remote/resolve-path.ts";
export { DEFAULT_LIMITS, type CheckpointLimits, type LimitName } from "./limits.ts";
export {
  AmbiguousMatchError,
  CheckpointClosedError,
  CheckpointError,
  CheckpointNotFoundError,
  CheckpointStructureError,
  CheckpointWriteError,
  ChecksumMismatchError,
  DownloadError,
  DuplicateKeyError,
  HttpStatusError,
  IncompleteDownloadError,
  InvalidTensorError,
  LimitExceededError,
  MalformedArchiveError,
  MalformedHeaderError,
  MalformedPickleError,
  MissingSaveDirError,
  TruncatedFileError,
  UnknownCatalogEntryError,
  UnrecognizedFormatError,
  UnserializableValueError,
  UnsupportedGlobalError,
  UnsupportedQueryError,
  UnsupportedSchemeError,
  WrongLengthError,
} from "./errors.ts";
