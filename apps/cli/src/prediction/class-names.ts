import { readCheckpoint, type LoadReport } from "@detectron-ts/checkpoint";

import { UsageError } from "../errors.ts";

/** Key of the class names, a JSON list, in the metadata of a safetensors checkpoint. */
export const CLASSES_KEY = "thing_classes";

/**
 * The names of a model's classes by index: those of `--classes`, else those stored in the checkpoint, else those of its
 * dataset; undefined when nobody knows them.
 *
 * @param count - how many classes the model has.
 * @param ofDataset - names of the dataset that the model is tested on.
 * @throws UsageError when `--classes` has another number of names than the model has classes.
 */
export async function findClassNames(
  count: number,
  report: LoadReport,
  given: readonly string[] | undefined,
  ofDataset: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  if (given !== undefined && given.length !== count) {
    throw new UsageError(
      `--classes has ${given.length} names (${given.join(", ")}), but the model has ${count} classes`,
    );
  }
  const candidates = [given, await storedClasses(report), ofDataset];
  return candidates.find((names) => names?.length === count);
}

/** Class names in the metadata of the checkpoint that was loaded. */
async function storedClasses({ file, format }: LoadReport): Promise<readonly string[] | undefined> {
  if (file === undefined || format !== "safetensors") return undefined;
  await using checkpoint = await readCheckpoint(file);
  const text = checkpoint.extra.get(CLASSES_KEY);
  return typeof text === "string" ? parseNames(text) : undefined;
}

/** A JSON list of texts; anything else that somebody may have stored under the key counts as no names. */
function parseNames(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isNames(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}
