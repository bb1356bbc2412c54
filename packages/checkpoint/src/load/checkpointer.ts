import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { removeAbandonedFiles } from "@detectron-ts/atomic-file";
import {
  CheckpointStructureError,
  MissingSaveDirError,
  UnserializableValueError,
} from "../errors.ts";
import { type CheckpointLimits } from "../limits.ts";
import { type CheckpointKey } from "../pickle/explore.ts";
import { type Checkpoint, readCheckpoint } from "../read-checkpoint.ts";
import {
  getLocalPath,
  type LocalPathOptions,
  parseCheckpointPath,
} from "../remote/resolve-path.ts";
import { writeSafetensors } from "../safetensors.ts";
import { elementCount, type TensorValue } from "../tensor.ts";
import { writeCheckpointFile } from "../write/checkpoint-file.ts";
import { writePth } from "../write/pth.ts";
import { OrderedDict } from "../write/python-values.ts";
import { asTensorValue } from "../write/tensor-source.ts";
import { holdsTensor, type LoadedValue, readValue } from "./loaded-value.ts";
import { convert, type StateDictTarget } from "./model-state.ts";
import { planLoad } from "./plan.ts";
import { LoadReport } from "./report.ts";

/** Something beside the model whose state is kept in checkpoints: an optimizer, a scheduler, a sampler. */
export interface Stateful {
  /** The state, of values that `writePth` can write, or a promise of it. */
  stateDict(): unknown;
  /**
   * Takes back what `stateDict()` gave, as a {@link LoadedValue}: dicts are Maps, also where plain objects were
   * saved, lists and tuples are arrays, tensors are `{ shape, dtype, data }` with row-major typed arrays.
   */
  loadStateDict(state: unknown): void | Promise<void>;
}

/** Options of {@link DetectionCheckpointer}. */
export interface DetectionCheckpointerOptions {
  /** Folder of the training's own checkpoints, made when first needed; default "", which can only load. */
  readonly saveDir?: string;
  /** What is saved and resumed beside the model, by its name in the file. */
  readonly checkpointables?: Readonly<Record<string, Stateful>>;
}

/** Options of {@link DetectionCheckpointer.load}. */
export interface LoadOptions extends LocalPathOptions {
  readonly limits?: Partial<CheckpointLimits>;
  /** As in `readCheckpoint`: what to do about imports outside the allow-list. */
  readonly unknownImports?: "error" | "placeholder";
  /** Names of the checkpointables to restore where the file has them; default all. */
  readonly checkpointables?: readonly string[];
}

/** Options of {@link DetectionCheckpointer.save}. */
export interface SaveOptions {
  /**
   * "pth" (default) is a training checkpoint for PyTorch and detectron2. "safetensors" holds the model's tensors
   * alone, with the numbers, booleans and strings of `extra` as text: a file to share, not one to resume from.
   */
  readonly format?: "pth" | "safetensors";
}

/** Values saved beside the model under their names: `iteration`, as a rule. */
export type CheckpointExtra = Readonly<Record<string, unknown>> & { readonly model?: never };

/** Options of {@link DetectionCheckpointer.resumeOrLoad}. */
export interface ResumeOptions extends Omit<LoadOptions, "checkpointables"> {
  /** Whether to go on from the folder's last checkpoint where there is one; default true. */
  readonly resume?: boolean;
}

/** The file that names the last checkpoint of its folder. */
const LAST_CHECKPOINT = "last_checkpoint";

/**
 * Loads checkpoints of detectron2's and Detectron's model zoos, of torchvision-like backbones and of this
 * project into a model, by detectron2's rules; saves a training's state and resumes from it.
 *
 * Mirrors `detectron2.checkpoint.DetectionCheckpointer` and fvcore's `Checkpointer`.
 */
export class DetectionCheckpointer {
  readonly model: StateDictTarget;
  readonly saveDir: string;
  readonly checkpointables: Readonly<Record<string, Stateful>>;

  constructor(model: StateDictTarget, options: DetectionCheckpointerOptions = {}) {
    this.model = model;
    this.saveDir = options.saveDir ?? "";
    this.checkpointables = options.checkpointables ?? {};
  }

  /**
   * Loads a path, or an `http(s)://`, `file://`, `detectron2://` or `catalog://` address, optionally with
   * `?matching_heuristics=True`. Keys that don't match are reported, not refused; tensors of another shape
   * are skipped. Checkpointables that the file has get their state; what remains is in the report's `rest`.
   * Every tensor is read and checked before the model is touched, so that a failure leaves it as it was. An
   * empty path loads nothing.
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
    const names = Object.keys(this.checkpointables).filter(
      (name) => options.checkpointables?.includes(name) ?? true,
    );
    const { states, rest, unread } = await readExtra(checkpoint, names);
    // A checkpointable may refuse its state; the model's tensors can't, so they come last.
    for (const [name, state] of states) await this.checkpointables[name].loadStateDict(state);
    for (const assign of loaded) assign();

    const { format, author } = checkpoint;
    const restored = [...states.keys()];
    return new LoadReport({
      source: path,
      file,
      format,
      author,
      ...plan.report,
      restored,
      rest,
      unread,
    });
  }

  /**
   * Goes on from the last checkpoint of `saveDir`, with all checkpointables, when `resume` is set and there is
   * one; else loads the model from `path`, and nothing but the model. The iteration to go on from is in the
   * report's `rest`.
   *
   * @throws {CheckpointError} as {@link load}.
   */
  async resumeOrLoad(path: string, options: ResumeOptions = {}): Promise<LoadReport> {
    const { resume = true, ...loadOptions } = options;
    if (resume && this.hasCheckpoint())
      return await this.load(this.getCheckpointFile(), loadOptions);
    return await this.load(path, { ...loadOptions, checkpointables: [] });
  }

  /**
   * Saves the model, the checkpointables and `extra` as `{saveDir}/{name}.pth`, then names that file in
   * `{saveDir}/last_checkpoint`. Each of the two appears only when it is complete, so that a crash at any
   * moment leaves a last checkpoint to resume from. The tensors must not change until the promise resolves.
   *
   * @param extra Values of `writePth` to keep beside the model; one named as a checkpointable takes its place.
   * @returns The path of the file.
   * @throws {MissingSaveDirError} when the checkpointer has no `saveDir`.
   * @throws {UnserializableValueError} when a state holds something that has no form in the file.
   * @throws {CheckpointWriteError} when the disk is full or the folder not writable.
   */
  async save(
    name: string,
    extra: CheckpointExtra = {},
    { format = "pth" }: SaveOptions = {},
  ): Promise<string> {
    if (this.saveDir === "") throw new MissingSaveDirError();
    await mkdir(this.saveDir, { recursive: true });
    await removeAbandonedFiles(this.saveDir);
    const baseName = `${name}.${format}`;
    const path = join(this.saveDir, baseName);
    if (format === "safetensors") {
      await writeSafetensors(path, this.#modelTensors(), { metadata: asMetadata(extra) });
      return path;
    }
    const content = new Map<string, unknown>([["model", new OrderedDict(this.#modelTensors())]]);
    for (const [key, checkpointable] of Object.entries(this.checkpointables)) {
      content.set(key, await checkpointable.stateDict());
    }
    for (const [key, value] of Object.entries(extra)) content.set(key, value);
    await writePth(path, content);
    await writeCheckpointFile(join(this.saveDir, LAST_CHECKPOINT), baseName);
    return path;
  }

  /** Whether `saveDir` names a last checkpoint. */
  hasCheckpoint(): boolean {
    return this.saveDir !== "" && existsSync(join(this.saveDir, LAST_CHECKPOINT));
  }

  /** Path of the last checkpoint, or "" when there is none. */
  getCheckpointFile(): string {
    if (!this.hasCheckpoint()) return "";
    return join(this.saveDir, readFileSync(join(this.saveDir, LAST_CHECKPOINT), "utf8").trim());
  }

  /** Paths of all `.pth` files of `saveDir`, sorted by name. */
  getAllCheckpointFiles(): string[] {
    if (this.saveDir === "" || !existsSync(this.saveDir)) return [];
    return readdirSync(this.saveDir, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".pth"))
      .map(({ name }) => join(this.saveDir, name))
      .sort();
  }

  #modelTensors(): ReadonlyMap<string, TensorValue> {
    const tensors = new Map<string, TensorValue>();
    // A tensor under two names is one object in the file, too.
    const known = new Map<object, TensorValue>();
    for (const [key, entry] of this.model.stateDict()) {
      const tensor = known.get(entry) ?? asTensorValue(entry);
      if (tensor === undefined) {
        throw new UnserializableValueError(`model.${key}`, "an entry without values");
      }
      known.set(entry, tensor);
      tensors.set(key, tensor);
    }
    return tensors;
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
  restored: [],
  rest: new Map(),
  unread: [],
});

/** Sorts what stands beside the model, and reads it as far as somebody wants it. */
async function readExtra(
  checkpoint: Checkpoint,
  names: readonly string[],
): Promise<{
  readonly states: ReadonlyMap<string, LoadedValue>;
  readonly rest: ReadonlyMap<CheckpointKey, LoadedValue>;
  readonly unread: readonly string[];
}> {
  const states = new Map<string, LoadedValue>();
  const rest = new Map<CheckpointKey, LoadedValue>();
  const unread: string[] = [];
  for (const [key, value] of checkpoint.extra) {
    if (typeof key === "string" && names.includes(key)) states.set(key, await readValue(value));
    else if (holdsTensor(value)) unread.push(String(key));
    else rest.set(key, await readValue(value));
  }
  return { states, rest, unread };
}

/** What of `extra` fits a safetensors header, which holds nothing but text. */
function asMetadata(extra: CheckpointExtra): ReadonlyMap<string, string> {
  const entries = Object.entries(extra).filter(
    ([, value]) => value !== null && ["number", "boolean", "string"].includes(typeof value),
  );
  return new Map(entries.map(([key, value]) => [key, String(value)]));
}
