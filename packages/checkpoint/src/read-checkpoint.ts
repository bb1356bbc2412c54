import { FileSource } from "./byte-source.ts";
import {
  CheckpointStructureError,
  UnrecognizedFormatError,
  UnsupportedGlobalError,
} from "./errors.ts";
import { type PickledFile, readPlainPickle } from "./formats/pickled-file.ts";
import { readSafetensorsHeader } from "./formats/safetensors.ts";
import { LEGACY_MAGIC, readTorchLegacy } from "./formats/torch-legacy.ts";
import { readTorchZip } from "./formats/torch-zip.ts";
import { type CheckpointLimits, resolveLimits } from "./limits.ts";
import { type CheckpointKey, type CheckpointValue, explorePickle } from "./pickle/explore.ts";
import { resolveNumpyArray, resolveTorchTensor } from "./pickle/resolve.ts";
import { PickleDict, type PickleValue, TensorView } from "./pickle/values.ts";
import { type CheckpointTensor } from "./tensor.ts";

/** How a file is encoded. Told by its first bytes, not by its name. */
export type CheckpointFormat = "torch-zip" | "torch-legacy" | "pickle" | "safetensors";

/** What {@link readCheckpoint} can be told. */
export interface ReadCheckpointOptions {
  /** Limits on what the file may ask for; see {@link CheckpointLimits}. */
  readonly limits?: Partial<CheckpointLimits>;
  /**
   * What to do about imports outside the allow-list: "error" (default) refuses the file, "placeholder" puts
   * an inert {@link UnknownObject} in each one's place. Neither runs anything.
   */
  readonly unknownImports?: "error" | "placeholder";
}

/** An open checkpoint. Its tensors are read on demand, until it is closed. */
export interface Checkpoint extends AsyncDisposable {
  readonly path: string;
  readonly format: CheckpointFormat;
  /** Size of the file in bytes. */
  readonly byteLength: number;
  /** The model's state dict: parameter name to tensor. */
  readonly model: ReadonlyMap<string, CheckpointTensor>;
  /** Entries of the state dict that are no tensors; a checkpoint that has any cannot be loaded. */
  readonly invalidModelKeys: readonly string[];
  /** Every tensor of the file by dotted path, optimizer state included. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** What stands beside the model: iteration, optimizer, scheduler, author, … */
  readonly extra: ReadonlyMap<CheckpointKey, CheckpointValue>;
  /** Who wrote it, from `__author__`; "Caffe2" for Detectron files, "pycls" for `.pyth`. */
  readonly author: string | undefined;
  /** Whether names are to be matched by their longest suffix, as detectron2 decides it. */
  readonly matchingHeuristics: boolean;
  /**
   * Version of each module whose class counts them, by the module's name, from the `_metadata` of PyTorch's
   * state dicts; empty where the file has none.
   */
  readonly moduleVersions: ReadonlyMap<string, number>;
  /** What the pickle imports, as `module.name`; empty for safetensors. Nothing was imported. */
  readonly imports: readonly string[];
  /** Those imports that are outside the allow-list. */
  readonly unknownImports: readonly string[];
  close(): void;
}

/**
 * Opens a checkpoint of any supported format and checks everything but its elements: `.pth` (zip, zip64 and
 * legacy), `.pyth`, model zoo `.pkl` of detectron2 and of Detectron (Caffe2), safetensors.
 *
 * Mirrors `DetectionCheckpointer._load_file` of `detectron2.checkpoint`.
 *
 * @throws {CheckpointError} one of its subclasses, for every kind of broken file.
 */
export async function readCheckpoint(
  path: string,
  options: ReadCheckpointOptions = {},
): Promise<Checkpoint> {
  const limits = resolveLimits(options.limits);
  const file = new FileSource(path);
  try {
    const format = detectFormat(file);
    const content =
      format === "safetensors"
        ? readSafetensors(file, limits)
        : readPickled(path, await openPickled(file, format, limits), limits, options);
    return {
      path,
      format,
      byteLength: file.size,
      ...content,
      close: () => file.close(),
      [Symbol.asyncDispose]: async () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

type Content = Omit<Checkpoint, "path" | "format" | "byteLength" | "close" | symbol>;

const ZIP_MAGIC = "PK\x03\x04";
/** Where a tar's header says "ustar"; torch wrote tars before 0.1.10. */
const TAR_MAGIC_POSITION = 257;

function detectFormat(file: FileSource): CheckpointFormat {
  const head = Buffer.alloc(Math.min(512, file.size));
  file.readSync(head, 0);
  const text = head.toString("latin1");
  if (head.byteLength === 0) throw new UnrecognizedFormatError(file.path, "it is empty");
  if (text.startsWith(ZIP_MAGIC)) return "torch-zip";
  if (head.subarray(0, LEGACY_MAGIC.byteLength).equals(LEGACY_MAGIC)) return "torch-legacy";
  if (/^\s*(<!doctype|<html|<\?xml)/i.test(text)) {
    throw new UnrecognizedFormatError(file.path, "it is a web page, perhaps of a failed download");
  }
  if (text.startsWith("version https://git-lfs")) {
    throw new UnrecognizedFormatError(file.path, "it is a Git LFS pointer; run `git lfs pull`");
  }
  if (text.startsWith("ustar", TAR_MAGIC_POSITION)) {
    throw new UnrecognizedFormatError(file.path, "it is a tar, as torch wrote before 0.1.10");
  }
  // A safetensors header is JSON behind its length, which is far below 2^40.
  if (head.byteLength >= 9 && head[8] === 0x7b && head.readUInt32LE(4) < 256) return "safetensors";
  // Protocol 2 and later start with PROTO, earlier ones with one of a few opcodes that build a dict or object.
  if (head[0] === 0x80 || /^[(}\]c]/.test(text)) return "pickle";
  const start = head.subarray(0, 8).toString("hex");
  throw new UnrecognizedFormatError(file.path, `its first bytes are ${start}`);
}

function readSafetensors(file: FileSource, limits: CheckpointLimits): Content {
  const { tensors, metadata } = readSafetensorsHeader(file, limits);
  return {
    model: tensors,
    invalidModelKeys: [],
    tensors,
    extra: metadata,
    author: metadata.get("__author__"),
    matchingHeuristics: metadata.get("matching_heuristics") === "True",
    moduleVersions: new Map(),
    imports: [],
    unknownImports: [],
  };
}

async function openPickled(
  file: FileSource,
  format: Exclude<CheckpointFormat, "safetensors">,
  limits: CheckpointLimits,
): Promise<PickledFile & { readonly isTorch: boolean }> {
  switch (format) {
    case "torch-zip":
      return { ...(await readTorchZip(file, limits)), isTorch: true };
    case "torch-legacy":
      return { ...readTorchLegacy(file, limits), isTorch: true };
    case "pickle":
      return { ...readPlainPickle(file, limits), isTorch: false };
  }
}

function readPickled(
  path: string,
  pickled: PickledFile & { readonly isTorch: boolean },
  limits: CheckpointLimits,
  options: ReadCheckpointOptions,
): Content {
  const { result, storages, isTorch } = pickled;
  const { imports, unknownImports } = result;
  if (unknownImports.length > 0 && options.unknownImports !== "placeholder") {
    throw new UnsupportedGlobalError(unknownImports);
  }
  const { value, tensors } = explorePickle(
    result.value,
    (name, tensor) =>
      tensor instanceof TensorView
        ? resolveTorchTensor(name, tensor, storages, limits)
        : resolveNumpyArray(name, tensor, limits),
    limits,
  );
  if (!isDict(value) && unknownImports.length === 0) {
    throw new CheckpointStructureError(
      "the file holds no dict, neither a state dict nor one around it",
    );
  }
  // A whole pickled module is one unknown object: there is something to inspect, but no model.
  const layout = isDict(value)
    ? findModel(path, value, isTorch)
    : { ...EMPTY_LAYOUT, extra: new Map([["value", value]]) };
  const model = new Map<string, CheckpointTensor>();
  const invalidModelKeys: string[] = [];
  for (const [key, entry] of layout.model) {
    if (typeof key === "string" && isTensor(entry)) model.set(key, entry);
    else invalidModelKeys.push(String(key));
  }
  return {
    model,
    invalidModelKeys,
    tensors,
    extra: layout.extra,
    author: layout.author,
    matchingHeuristics: layout.matchingHeuristics,
    moduleVersions: readVersions(result.value),
    imports,
    unknownImports,
  };
}

type Dict = ReadonlyMap<CheckpointKey, CheckpointValue>;

interface Layout {
  readonly model: Dict;
  readonly extra: Dict;
  readonly author: string | undefined;
  readonly matchingHeuristics: boolean;
}

const EMPTY_LAYOUT: Layout = {
  model: new Map(),
  extra: new Map(),
  author: undefined,
  matchingHeuristics: false,
};

/** Which part of the file is the model, by detectron2's rules for each kind of file. */
function findModel(path: string, root: Dict, isTorch: boolean): Layout {
  if (path.endsWith(".pyth")) {
    const state = root.get("model_state");
    if (!isDict(state)) {
      throw new CheckpointStructureError(
        'a .pyth file is from pycls and must contain "model_state"',
      );
    }
    const model = filterKeys(state, (key) => !key.endsWith("num_batches_tracked"));
    const extra = filterKeys(root, (key) => key !== "model_state");
    return { model, extra, author: "pycls", matchingHeuristics: true };
  }
  const model = root.get("model");
  if (isDict(model)) {
    const author = root.get("__author__");
    return {
      model,
      extra: filterKeys(root, (key) => key !== "model"),
      author: typeof author === "string" ? author : undefined,
      matchingHeuristics: root.get("matching_heuristics") === true,
    };
  }
  if (isTorch) {
    return { model: root, extra: new Map(), author: undefined, matchingHeuristics: false };
  }
  // Detection models of Caffe2 have their blobs beside the configuration, ImageNet models are all blobs.
  const blobs = root.get("blobs");
  return {
    model: filterKeys(isDict(blobs) ? blobs : root, (key) => !key.endsWith("_momentum")),
    extra: isDict(blobs) ? filterKeys(root, (key) => key !== "blobs") : new Map(),
    author: "Caffe2",
    matchingHeuristics: true,
  };
}

/** A state dict's `_metadata` is an attribute of the dict: module name to a dict with `version`. */
function readVersions(root: PickleValue): ReadonlyMap<string, number> {
  const versions = new Map<string, number>();
  const model = root instanceof PickleDict ? root.get("model") : undefined;
  const stateDict = model instanceof PickleDict ? model : root;
  if (!(stateDict instanceof PickleDict)) return versions;
  const metadata = stateDict.attributes?.get("_metadata");
  if (!(metadata instanceof PickleDict)) return versions;
  for (const [module, entry] of metadata.entries) {
    const version = entry instanceof PickleDict ? entry.get("version") : undefined;
    if (typeof module === "string" && typeof version === "number") versions.set(module, version);
  }
  return versions;
}

function filterKeys(dict: Dict, keep: (key: string) => boolean): Dict {
  return new Map([...dict].filter(([key]) => keep(String(key))));
}

function isDict(value: CheckpointValue | undefined): value is Dict {
  return value instanceof Map;
}

/** True for a tensor among a checkpoint's values. */
export function isTensor(value: CheckpointValue | undefined): value is CheckpointTensor {
  return typeof value === "object" && value !== null && "dtype" in value && "read" in value;
}
