import { type Checkpoint } from "../read-checkpoint.ts";
import { type CheckpointTensor } from "../tensor.ts";
import { convertC2DetectronNames } from "./caffe2.ts";
import { alignAndUpdateStateDicts, sameShape, stripPrefixIfPresent } from "./matching.ts";
import { type StateDictEntry } from "./model-state.ts";
import { type IncorrectShape, type LoadReportFields, type MatchedKey } from "./report.ts";

/** A tensor on its way into the model, with its name in the file. */
interface Candidate {
  readonly shape: readonly number[];
  readonly tensor: CheckpointTensor;
  readonly original: string;
}

/** What to set, and the report of it. */
export interface LoadPlan {
  readonly assignments: readonly {
    readonly modelKey: string;
    readonly entry: StateDictEntry;
    readonly tensor: CheckpointTensor;
  }[];
  readonly defaults: readonly { readonly entry: StateDictEntry; readonly value: number }[];
  readonly report: Pick<
    LoadReportFields,
    "matched" | "missing" | "unexpected" | "incorrectShapes" | "ignored" | "defaulted"
  >;
}

/** Decides what goes where, by names and shapes alone. */
export function planLoad(
  model: ReadonlyMap<string, StateDictEntry>,
  checkpoint: Checkpoint,
  useHeuristics: boolean,
): LoadPlan {
  const incorrectShapes: IncorrectShape[] = [];
  let state = candidates(checkpoint, useHeuristics);
  let versions = checkpoint.moduleVersions;
  if (useHeuristics) {
    const alignment = alignAndUpdateStateDicts(model, state);
    for (const [modelKey, checkpointKey] of alignment.incorrectShapes) {
      // A tensor of the very same name is found again below.
      if (modelKey === checkpointKey) continue;
      const [entry, candidate] = [model.get(modelKey), state.get(checkpointKey)];
      if (entry && candidate) incorrectShapes.push(incorrectShape(modelKey, entry, candidate));
    }
    state = alignment.aligned;
    // Aligned names are not those that the versions are listed by.
    versions = new Map();
  }
  const stripped = stripPrefixIfPresent(state, "module.");
  if (stripped !== state) versions = withoutPrefix(versions, "module.");
  state = stripped;

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

  const missing: string[] = [];
  const ignored: string[] = [];
  const defaulted: string[] = [];
  const defaults: LoadPlan["defaults"][number][] = [];
  for (const key of absent) {
    const entry = model.get(key);
    // A tensor that two modules share is there when either name is.
    if (entry === undefined || loadedEntries.has(entry)) continue;
    const value = olderStatistic(key, model, versions);
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

/** Versions by the names that modules have without the prefix; the prefix itself names no module any more. */
function withoutPrefix(
  versions: ReadonlyMap<string, number>,
  prefix: string,
): ReadonlyMap<string, number> {
  return new Map([...versions].map(([module, version]) => [module.slice(prefix.length), version]));
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
 * The value of a running statistic that the checkpoint lacks. `FrozenBatchNorm2d` before version 2 had none,
 * as Caffe2 folds them into weight and bias: its loader then fills in mean 0 and variance 1, which differs
 * from a new module's variance of 1 - eps. Checkpoints without versions count as older. A norm that trains
 * counts its batches and a frozen one doesn't, which tells them apart.
 */
function olderStatistic(
  key: string,
  model: ReadonlyMap<string, StateDictEntry>,
  versions: ReadonlyMap<string, number>,
): number | undefined {
  const match = /^(.*)\.(running_mean|running_var)$/.exec(key);
  if (match === null) return undefined;
  const [, module, statistic] = match;
  const isFrozen = model.has(`${module}.weight`) && !model.has(`${module}.num_batches_tracked`);
  if (!isFrozen || (versions.get(module) ?? 0) >= 2) return undefined;
  return statistic === "running_mean" ? 0 : 1;
}
