import type { CocoDetection } from "@detectron-ts/coco";
import type { Config } from "@detectron-ts/config";
import { DatasetCatalog, MetadataCatalog } from "@detectron-ts/data";
import { buildEvaluator } from "@detectron-ts/engine";
import { COCOEvaluator, LVISEvaluator, type ResultsDict } from "@detectron-ts/evaluation";

import { UsageError } from "../errors.ts";
import { countText } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/**
 * Measures results that were recorded before, and prints the tables.
 *
 * @throws UsageError for a dataset that isn't measured by COCO's rules or LVIS's; the errors of `@detectron-ts/coco` for results that
 *   don't fit the dataset.
 */
export async function evaluateRecorded(
  cfg: Config,
  dataset: string,
  results: readonly CocoDetection[],
  terminal: Terminal,
): Promise<ResultsDict> {
  await DatasetCatalog.get(dataset);
  warnOfUnknownCategories(dataset, results, terminal);
  const evaluator = await buildEvaluator(cfg, dataset, {
    log: (message) => terminal.print(message),
  });
  if (!(evaluator instanceof COCOEvaluator || evaluator instanceof LVISEvaluator)) {
    throw new UsageError(
      `--predictions holds results in COCO's format, but "${dataset}" is not measured by COCO's rules or LVIS's`,
    );
  }
  evaluator.processResults(results);
  return evaluator.evaluate();
}

/** Like pycocotools, the evaluation leaves such results out without a word; ids counted from 0 lead to this. */
function warnOfUnknownCategories(
  dataset: string,
  results: readonly CocoDetection[],
  terminal: Terminal,
): void {
  const metadata = MetadataCatalog.get(dataset);
  if (!metadata.has("thingDatasetIdToContiguousId")) return;
  const known = metadata.get("thingDatasetIdToContiguousId");
  const unknown = results.filter(({ category_id }) => !known.has(category_id));
  if (unknown.length === 0) return;
  const ids = [...new Set(unknown.map(({ category_id }) => category_id))];
  terminal.warn(
    `${countText(unknown.length, "result")} of ${results.length} are of categories ${ids.join(", ")}, which ` +
      `"${dataset}" doesn't have (it has ${[...known.keys()].join(", ")}): they are left out`,
  );
}
