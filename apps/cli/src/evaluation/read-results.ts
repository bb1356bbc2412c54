import { readFile } from "node:fs/promises";
import type { CocoDetection } from "@detectron-ts/coco";

import { ResultsFileError } from "../errors.ts";

/**
 * Reads a file of results in COCO's format, such as `coco_instances_results.json` of a COCO evaluator.
 *
 * @throws ResultsFileError
 */
export async function readResults(file: string): Promise<CocoDetection[]> {
  const content = await readJson(file);
  if (!Array.isArray(content)) {
    const hint =
      isRecord(content) && "images" in content ? ", not what detectron predict --json writes" : "";
    throw new ResultsFileError(file, `is no list of results; wanted COCO's results format${hint}`);
  }
  return content.map((entry: unknown, index) => {
    if (isResult(entry)) return entry;
    throw new ResultsFileError(
      file,
      `has an entry ${index} that is no result with image_id, category_id and score`,
    );
  });
}

async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new ResultsFileError(file, "can't be read", { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ResultsFileError(file, "is no JSON file", { cause });
  }
}

/** What is measured further, boxes and masks, is checked by the evaluation. */
function isResult(value: unknown): value is CocoDetection {
  return (
    isRecord(value) &&
    (typeof value.image_id === "number" || typeof value.image_id === "string") &&
    typeof value.category_id === "number" &&
    typeof value.score === "number"
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
