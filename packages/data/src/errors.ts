import { resolve } from "node:path";

/** A dataset or its metadata is registered under a name twice, or not at all. */
export class CatalogError extends Error {
  override readonly name = "CatalogError";
  /** The name of the dataset. */
  readonly dataset: string;

  constructor(dataset: string, message: string) {
    super(message);
    this.dataset = dataset;
  }
}

/** Metadata is missing, or is set to another value than it has. */
export class MetadataError extends Error {
  override readonly name = "MetadataError";
  readonly dataset: string;
  readonly key: string;

  constructor(dataset: string, key: string, message: string) {
    super(`Metadata ${key} of dataset "${dataset}" ${message}`);
    this.dataset = dataset;
    this.key = key;
  }
}

/** Where a builtin dataset was looked for. */
interface BuiltinDatasetPlace {
  readonly root: string;
  readonly missing: readonly string[];
  readonly layout: readonly string[];
  readonly variable: string;
}

/** A builtin dataset is not, or not all of it, in the folder of datasets. */
export class BuiltinDatasetError extends Error {
  override readonly name = "BuiltinDatasetError";
  readonly dataset: string;
  /** The folder of datasets that was looked in. */
  readonly root: string;
  /** What isn't there, relative to the folder. */
  readonly missing: readonly string[];
  /** All that should be there, relative to the folder; folders end with a slash. */
  readonly layout: readonly string[];
  /** The environment variable that names the folder. */
  readonly variable: string;

  constructor(dataset: string, { root, missing, layout, variable }: BuiltinDatasetPlace) {
    super(
      `Dataset "${dataset}" is not in the folder ${resolve(root)}: there is no ${missing.join(", no ")}. ` +
        `Set ${variable} to the folder of datasets, in which there are to be ${layout.join(", ")}`,
    );
    this.dataset = dataset;
    this.root = root;
    this.missing = missing;
    this.layout = layout;
    this.variable = variable;
  }
}

/** A file that describes a dataset does not have the form it must have. */
export class DatasetFileError extends Error {
  override readonly name: string = "DatasetFileError";
  readonly file: string;

  constructor(file: string, message: string, options?: ErrorOptions) {
    super(`${file}: ${message}`, options);
    this.file = file;
  }
}

/** One annotation of a dataset file, or of an image, is not as it must be. */
export class AnnotationError extends DatasetFileError {
  override readonly name = "AnnotationError";
  /** The id that the dataset's own file gives to the annotation; its place among those of the image where it has none. */
  readonly annotationId: number | string;

  constructor(
    file: string,
    annotationId: number | string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(file, `annotation ${annotationId} ${message}`, options);
    this.annotationId = annotationId;
  }
}

/** An image has another size than its dataset says, or labels another one than their image. */
export class SizeMismatchError extends Error {
  override readonly name = "SizeMismatchError";
  readonly fileName: string;
  /** Height and width of the file. */
  readonly got: readonly [number, number];
  /** Height and width that it should have. */
  readonly expected: readonly [number, number];

  constructor(
    fileName: string,
    got: readonly [number, number],
    expected: readonly [number, number],
    authority = "its dataset says",
  ) {
    const exchanged = got[0] === expected[1] && got[1] === expected[0];
    super(
      `${fileName} has height ${got[0]} and width ${got[1]}; ${authority} ${expected[0]} and ${expected[1]}${
        exchanged
          ? ". They are exchanged, so the photograph has an EXIF orientation that the annotations were made without"
          : ""
      }`,
    );
    this.fileName = fileName;
    this.got = got;
    this.expected = expected;
  }
}

/** Where a mask is that does not fit. */
interface MaskPlace {
  readonly fileName?: string;
  readonly annotationId?: number | undefined;
}

/** Masks are of another kind than the mapper makes ground truth of. */
export class MaskFormatError extends Error {
  override readonly name = "MaskFormatError";
  readonly fileName: string | undefined;
  /** The annotation, where it has an id. */
  readonly annotationId: number | undefined;

  constructor(message: string, { fileName, annotationId }: MaskPlace = {}) {
    super(fileName === undefined ? message : `${fileName}: ${message}`);
    this.fileName = fileName;
    this.annotationId = annotationId;
  }
}

/** Flipped keypoints need to know which is whose mirror image, and as many entries as there are keypoints. */
export class KeypointFlipError extends Error {
  override readonly name = "KeypointFlipError";
  /** Number of keypoints of the annotation. */
  readonly keypoints: number;
  /** Number of flip indices, if there are any. */
  readonly indices: number | undefined;

  constructor(keypoints: number, indices: number | undefined) {
    super(
      indices === undefined
        ? "Flipping keypoints needs keypointHflipIndices; set keypointNames and keypointFlipMap in the metadata"
        : `Got keypointHflipIndices of length ${indices} for ${keypoints} keypoints`,
    );
    this.keypoints = keypoints;
    this.indices = indices;
  }
}

/** There is no image to load. */
export class EmptyDatasetError extends Error {
  override readonly name = "EmptyDatasetError";
  readonly datasets: readonly string[];

  constructor(datasets: readonly string[], reason: string) {
    super(`No image to load from ${datasets.join(", ") || "no dataset"}: ${reason}`);
    this.datasets = datasets;
  }
}

/** A loader, a sampler or a reader is given an option it cannot work with. */
export class DataOptionError extends Error {
  override readonly name = "DataOptionError";
  readonly option: string;
  readonly value: unknown;

  constructor(option: string, value: unknown, wanted: string) {
    super(`Got ${JSON.stringify(value)} for ${option}, wanted ${wanted}`);
    this.option = option;
    this.value = value;
  }
}

/** A module does not give threads a mapper. */
export class MapperSourceError extends Error {
  override readonly name = "MapperSourceError";
  /** Address of the module. */
  readonly module: string;
  /** The function that it should export. */
  readonly exportName: string;

  constructor(module: string, exportName: string, reason: string, options?: ErrorOptions) {
    super(`${exportName} of ${module} ${reason}`, options);
    this.module = module;
    this.exportName = exportName;
  }
}

/** A mapper in a thread failed with an error of a class that is not known outside the thread. */
export class WorkerError extends Error {
  override readonly name = "WorkerError";
  /** Name of the error that was thrown. */
  readonly originalName: string;
  readonly originalMessage: string;
  /** The image that was being mapped. */
  readonly file: string | undefined;

  constructor(
    originalName: string,
    originalMessage: string,
    stack: string | undefined,
    file?: string,
  ) {
    super(`${file === undefined ? "" : `${file}: `}${originalName}: ${originalMessage}`);
    this.originalName = originalName;
    this.originalMessage = originalMessage;
    this.file = file;
    if (stack !== undefined) this.stack = stack;
  }
}

/** A loader's thread has ended, or its loader was closed, before it had mapped all it was given. */
export class WorkerExitError extends Error {
  override readonly name = "WorkerExitError";
}

/** A mapper in a thread made something that cannot be sent to another thread. */
export class UntransferableError extends Error {
  override readonly name = "UntransferableError";
  /** Where it is in the mapper's result. */
  readonly field: string;
  /** What it is: its class, or `function`. */
  readonly type: string;

  constructor(field: string, type: string) {
    super(
      `${field}, a ${type}, cannot leave its thread; wanted plain data, typed arrays, ndarrays, Instances or their masks and ` +
        "boxes. Make it in the thread that trains, or set DATALOADER.NUM_WORKERS to 0",
    );
    this.field = field;
    this.type = type;
  }
}
