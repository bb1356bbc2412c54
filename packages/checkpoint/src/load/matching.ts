import { AmbiguousMatchError } from "../errors.ts";

/** Anything with a shape: all that matching looks at. */
export interface Shaped {
  readonly shape: readonly number[];
}

/** What the heuristics found. */
export interface Alignment<T extends Shaped> {
  /** Checkpoint tensors by model key where they matched, and by their own key where not. */
  readonly aligned: ReadonlyMap<string, T>;
  /** Checkpoint key by model key, for those that matched. */
  readonly matches: ReadonlyMap<string, string>;
  /** Suffix matches that failed for their shapes alone, as `[model key, checkpoint key]`. */
  readonly incorrectShapes: readonly (readonly [string, string])[];
}

/**
 * Matches model keys with checkpoint keys: a model key takes the longest checkpoint key that it equals or
 * ends with, whole components only. So `backbone.bottom_up.res2.0.conv1.weight` finds `res2.0.conv1.weight`,
 * and prefers it to `conv1.weight`. When nothing matches, the checkpoint is returned unchanged.
 *
 * Mirrors `align_and_update_state_dicts` of `detectron2.checkpoint.c2_model_loading`.
 *
 * @throws {AmbiguousMatchError} when one checkpoint key fits two model keys of its shape.
 */
export function alignAndUpdateStateDicts<T extends Shaped>(
  model: ReadonlyMap<string, Shaped>,
  checkpoint: ReadonlyMap<string, T>,
): Alignment<T> {
  const matches = new Map<string, string>();
  const modelKeyOf = new Map<string, string>();
  const incorrectShapes: (readonly [string, string])[] = [];
  const aligned = new Map<string, T>();
  for (const modelKey of [...model.keys()].sort()) {
    const key = longestSuffix(modelKey, checkpoint);
    if (key === undefined) continue;
    const [entry, tensor] = [model.get(modelKey), checkpoint.get(key)];
    if (entry === undefined || tensor === undefined) continue;
    if (!sameShape(entry.shape, tensor.shape)) {
      incorrectShapes.push([modelKey, key]);
      continue;
    }
    const other = modelKeyOf.get(key);
    if (other !== undefined) throw new AmbiguousMatchError(key, [other, modelKey]);
    modelKeyOf.set(key, modelKey);
    matches.set(modelKey, key);
    aligned.set(modelKey, tensor);
  }
  if (matches.size === 0) return { aligned: checkpoint, matches, incorrectShapes };
  for (const [key, tensor] of checkpoint) if (!modelKeyOf.has(key)) aligned.set(key, tensor);
  return { aligned, matches, incorrectShapes };
}

/** The first of `a.b.c`, `b.c`, `c` that the checkpoint has. */
function longestSuffix(key: string, checkpoint: ReadonlyMap<string, unknown>): string | undefined {
  for (let suffix = key; ;) {
    if (checkpoint.has(suffix)) return suffix;
    const dot = suffix.indexOf(".");
    if (dot < 0) return undefined;
    suffix = suffix.slice(dot + 1);
  }
}

/** True when both have the same sizes in the same order. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/**
 * The map without a leading `prefix` of its keys when all of them have it, as a model wrapped in
 * DistributedDataParallel saves them; else the map itself. Mirrors fvcore's `_strip_prefix_if_present`.
 */
export function stripPrefixIfPresent<T>(
  map: ReadonlyMap<string, T>,
  prefix: string,
): ReadonlyMap<string, T> {
  const keys = [...map.keys()];
  if (keys.length === 0 || !keys.every((key) => key === "" || key.startsWith(prefix))) return map;
  return new Map([...map].map(([key, value]) => [key.slice(prefix.length), value]));
}
