import { toFloat32 } from "../dtype.ts";
import { CheckpointStructureError, InvalidTensorError } from "../errors.ts";
import { type CheckpointLimits } from "../limits.ts";
import { type Checkpoint, readCheckpoint } from "../read-checkpoint.ts";
import {
  getLocalPath,
  type LocalPathOptions,
  parseCheckpointPath,
} from "../remote/resolve-path.ts";
import { type CheckpointTensor, elementCount, type TensorValue } from "../tensor.ts";
import { convertC2DetectronNames } from "./caffe2.ts";
import { alignAndUpdateStateDicts, sameShape, stripPrefixIfPresent } from "./matching.ts";
import { type IncorrectShape, LoadReport, type MatchedKey } from "./report.ts";

/** What a model's tensors are set to. */
export type ModelTensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** One parameter or buffer of a model, as `Module.stateDict()` of `@detectron-ts/nn` lists it. */
export interface StateDictEntry {
  readonly shape: readonly number[];
  /** float32, int32, int64, bool or uint8; what is loaded is converted to it. */
  readonly dtype: string;
  /** Replaces the values; `data` is row-major, of `dtype`, and belongs to the entry from now on. */
  set(data: ModelTensorData): void;
}

/** A model, as far as loading is concerned. A `Module` of `@detectron-ts/nn` is one. */
export interface StateDictTarget {
  stateDict(): ReadonlyMap<string, StateDictEntry>;
}

/** Options of {@link DetectionCheckpointer}. */
export interface DetectionCheckpointerOptions {
  /** Folder of the training's own checkpoints; default "". */
  readonly saveDir?: string;
}

/** Options of {@link DetectionCheckpointer.load}. */
export interface LoadOptions extends LocalPathOptions {
  readonly limits?: Partial<CheckpointLimits>;
  /** As in `readCheckpoint`: what to do about imports outside the allow-list. */
  readonly unknownImports?: "error" | "placeholder";
}

/** A tensor on its way into the model, with its name in the file. */
interface Candidate {
  readonly shape: readonly number[];
  readonly tensor: CheckpointTensor;
  readonly original: string;
}

/**
 * Loads checkpoints of detectron2's and Detectron's model zoos, of torchvision-like backbones and of this
 * project into a model, by detectron2's rules.
 *
 * Mirrors `detectron2.checkpoint.DetectionCheckpointer` and fvcore's `Checkpointer`.
 */
export class DetectionCheckpointer {
  readonly model: StateDictTarget;
  readonly saveDir: string;

  constructor(model: StateDictTarget, options: DetectionCheckpointerOptions = {}) {
    this.model = model;
    this.saveDir = options.saveDir ?? "";
  }

  /**
   * Loads a path, or an `http(s)://`, `file://`, `detectron2://` or `catalog://` address, optionally with
   * `?matching_heuristics=True`. Keys that don't match are reported, not refused; tensors of another shape
   * are skipped. Every tensor is read and checked before the model is touched, so that a failure leaves it as
   * it was. An empty path loads nothing.
   *
   * @throws {CheckpointError} one of its subclasses: broken files, failed downloads, ambiguous matches.
   */
  async load(path: string, options: LoadOptions = {}): Promise<LoadReport> {
    if (path === "") return EMPTY_REPORT;
    const { path: address, matchingHeuristics } = parseCheckpointPath(path);
    const file = await getLocalPath(address, options);
    await using checkpoint = await readCheckpoint(file, options);
    if (checkpoint.invalidModelKeys.length > 0) {
      throw new CheckpointStructureError(
        `the model's entries ${checkpoint.invalidModelKeys.slice(0, 10).join(", ")} are no tensors`,
      );
    }
    const useHeuristics = matchingHeuristics || checkpoint.matchingHeuristics;
    const plan = planLoad(this.model.stateDict(), checkpoint, useHeuristics);

    const loaded: (() => void)[] = [];
    for (const { entry, tensor, modelKey } of plan.assignments) {
      const data = convert(modelKey, await tensor.read(), entry.dtype);
      loaded.push(() => entry.set(data));
    }
    for (const { entry, value } of plan.defaults) {
      const data = new Float32Array(elementCount(entry.shape)).fill(value);
      loaded.push(() => entry.set(data));
    }
    for (const assign of loaded) assign();

    const { format, author } = checkpoint;
    return new LoadReport({ source: path, file, format, author, ...plan.report });
  }
}

const EMPTY_REPORT = new LoadReport({
  source: "",
  file: undefined,
  format: undefined,
  author: undefined,
  matched: [],
  missing: [],
  unexpected: [],
  incorrectShapes: [],
  ignored: [],
  defaulted: [],
});

interface LoadPlan {
  readonly assignments: readonly {
    readonly modelKey: string;
    readonly entry: StateDictEntry;
    readonly tensor: CheckpointTensor;
  }[];
  readonly defaults: readonly { readonly entry: StateDictEntry; readonly value: number }[];
  readonly report: Pick<
    LoadReport,
    "matched" | "missing" | "unexpected" | "incorrectShapes" | "ignored" | "defaulted"
  >;
}

/** Decides what goes where, by names and shapes alone. */
function planLoad(
  model: ReadonlyMap<string, StateDictEntry>,
  checkpoint: Checkpoint,
  useHeuristics: boolean,
): LoadPlan {
  const incorrectShapes: IncorrectShape[] = [];
  let state = candidates(checkpoint, useHeuristics);
  if (useHeuristics) {
    const alignment = alignAndUpdateStateDicts(model, state);
    for (const [modelKey, checkpointKey] of alignment.incorrectShapes) {
      // A tensor of the very same name is found again below.
      if (modelKey === checkpointKey) continue;
      const [entry, candidate] = [model.get(modelKey), state.get(checkpointKey)];
      if (entry && candidate) incorrectShapes.push(incorrectShape(modelKey, entry, candidate));
    }
    state = alignment.aligned;
  }
  state = stripPrefixIfPresent(state, "module.");

  const matched: MatchedKey[] = [];
  const assignments: LoadPlan["assignments"][number][] = [];
  const loadedEntries = new Set<StateDictEntry>();
  const absent: string[] = [];
  for (const [modelKey, entry] of model) {
    const candidate = state.get(modelKey);
    if (candidate === undefined) {
      absent.push(modelKey);
    } else if (!sameShape(entry.shape, candidate.shape)) {
      incorrectShapes.push(incorrectShape(modelKey, entry, candidate));
      absent.push(modelKey);
    } else {
      const { shape, tensor, original } = candidate;
      matched.push({ modelKey, checkpointKey: original, shape });
      assignments.push({ modelKey, entry, tensor });
      loadedEntries.add(entry);
    }
  }

  const skipped = new Set(incorrectShapes.map(({ modelKey }) => modelKey));
  const matchedKeys = new Set(matched.map(({ modelKey }) => modelKey));
  const missing: string[] = [];
  const ignored: string[] = [];
  const defaulted: string[] = [];
  const defaults: LoadPlan["defaults"][number][] = [];
  for (const key of absent) {
    const entry = model.get(key);
    // A tensor that two modules share is there when either name is.
    if (entry === undefined || loadedEntries.has(entry)) continue;
    const value = skipped.has(key) ? undefined : foldedStatistic(key, model, matchedKeys);
    if (value !== undefined) {
      defaulted.push(key);
      defaults.push({ entry, value });
    } else if (isPixelStatistic(key)) ignored.push(key);
    else missing.push(key);
  }
  const unexpected: string[] = [];
  for (const key of state.keys()) {
    if (model.has(key)) continue;
    const isIgnored = isPixelStatistic(key) || key.includes("anchor_generator.cell_anchors");
    (isIgnored ? ignored : unexpected).push(key);
  }
  const report = { matched, missing, unexpected, incorrectShapes, ignored, defaulted };
  return { assignments, defaults, report };
}

function candidates(
  checkpoint: Checkpoint,
  useHeuristics: boolean,
): ReadonlyMap<string, Candidate> {
  if (useHeuristics && checkpoint.author === "Caffe2") {
    return new Map(
      [...convertC2DetectronNames(checkpoint.model)].map(([key, { tensor, original }]) => [
        key,
        { shape: tensor.shape, tensor, original },
      ]),
    );
  }
  return new Map(
    [...checkpoint.model].map(([key, tensor]) => [
      key,
      { shape: tensor.shape, tensor, original: key },
    ]),
  );
}

function incorrectShape(
  modelKey: string,
  entry: StateDictEntry,
  candidate: Candidate,
): IncorrectShape {
  return {
    modelKey,
    checkpointKey: candidate.original,
    checkpointShape: candidate.shape,
    modelShape: entry.shape,
  };
}

/** The configuration sets these, so that their absence or presence in a checkpoint means nothing. */
function isPixelStatistic(key: string): boolean {
  return key === "pixel_mean" || key === "pixel_std";
}

/**
 * The value of a running statistic that the checkpoint has folded into the norm's weight and bias, as Caffe2
 * did: FrozenBatchNorm2d then takes mean 0 and variance 1. A norm that trains counts its batches; a frozen one
 * doesn't, which tells them apart.
 */
function foldedStatistic(
  key: string,
  model: ReadonlyMap<string, StateDictEntry>,
  matched: ReadonlySet<string>,
): number | undefined {
  const match = /^(.*\.)(running_mean|running_var)$/.exec(key);
  if (match === null) return undefined;
  const [, prefix, statistic] = match;
  if (model.has(`${prefix}num_batches_tracked`) || !matched.has(`${prefix}weight`)) {
    return undefined;
  }
  return statistic === "running_mean" ? 0 : 1;
}

/** The elements in the model's dtype: rounded to nearest for float32, truncated for integers, as torch copies. */
function convert(name: string, value: TensorValue, dtype: string): ModelTensorData {
  const { data } = value;
  switch (dtype) {
    case "float32":
      return toFloat32(value.dtype, data);
    case "int64":
      if (data instanceof BigInt64Array) return data;
      return BigInt64Array.from(integers(value), BigInt);
    case "int32":
      return data instanceof Int32Array ? data : Int32Array.from(integers(value));
    case "uint8":
      return value.dtype === "uint8" && data instanceof Uint8Array
        ? data
        : Uint8Array.from(integers(value));
    case "bool":
      if (value.dtype === "bool" && data instanceof Uint8Array) return data;
      return Uint8Array.from(numbers(value), (element) => (element === 0 ? 0 : 1));
    default:
      throw new InvalidTensorError(name, `the model's dtype ${dtype} can't be loaded`);
  }
}

function integers(value: TensorValue): number[] {
  return numbers(value).map(Math.trunc);
}

function numbers({ dtype, data }: TensorValue): number[] {
  if (dtype === "float16" || dtype === "bfloat16") return Array.from(toFloat32(dtype, data));
  return Array.from(data as ArrayLike<number | bigint>, Number);
}
