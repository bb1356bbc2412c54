import { MetadataCatalog } from "@detectron-ts/data";

import { UsageError } from "../errors.ts";
import type { ModelClasses } from "../model-classes.ts";
import { countText } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/**
 * Compares the number of a dataset's classes, which must have been loaded, with the model's. Says both where they differ:
 * as a warning where the work can be done all the same, as an error where it would fail halfway.
 *
 * @param model - undefined for a model that doesn't classify: there is nothing to compare.
 * @param use - training fails on classes that the model doesn't have, evaluation on predictions that the dataset has no
 *   class for.
 * @throws UsageError
 */
export function compareClassCounts(
  model: ModelClasses | undefined,
  dataset: string,
  use: "train" | "eval",
  terminal: Terminal,
): void {
  const metadata = MetadataCatalog.get(dataset);
  if (model === undefined || !metadata.has("thingClasses")) return;
  const classes = metadata.get("thingClasses");
  if (classes.length === model.count) return;
  const message =
    `dataset "${dataset}" has ${countText(classes.length, "class")} (${listed(classes)}), but the model has ${model.count}: ` +
    `set ${model.key} to ${classes.length}`;
  const fails = use === "train" ? classes.length > model.count : classes.length < model.count;
  if (fails) throw new UsageError(message);
  terminal.warn(message);
}

/** The first few of many names. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(", ");
  return names.length > 10 ? `${shown}, …` : shown;
}
