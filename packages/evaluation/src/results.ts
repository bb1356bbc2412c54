import { formatFixed } from "@detectron-ts/coco";

import { ExpectedResultError, UnexpectedResultsError } from "./errors.ts";

/** Numbers by name, at any depth: the results of one evaluation, or of several datasets. */
export interface ResultsDict {
  readonly [name: string]: number | ResultsDict;
}

/**
 * The results in lines that are easily copied into a table, per task its metrics and their values. Mirrors
 * `detectron2.evaluation.print_csv_format`. Metrics with a hyphen, those of single classes, are left out.
 *
 * @param print - receives each line; standard output by default.
 */
export function printCsvFormat(
  results: ResultsDict,
  print: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
): void {
  for (const [task, metrics] of Object.entries(results)) {
    if (typeof metrics === "number") {
      print(`copypaste: ${task}=${metrics}`);
      continue;
    }
    const important = Object.entries(metrics).filter(
      (entry): entry is [string, number] => typeof entry[1] === "number" && !entry[0].includes("-"),
    );
    print(`copypaste: Task: ${task}`);
    print(`copypaste: ${important.map(([name]) => name).join(",")}`);
    print(`copypaste: ${important.map(([, value]) => formatValue(value)).join(",")}`);
  }
}

function formatValue(value: number): string {
  return Number.isNaN(value) ? "nan" : formatFixed(value, 4);
}

/**
 * Checks results against TEST.EXPECTED_RESULTS. Mirrors `detectron2.evaluation.verify_results`, which ends the process
 * where this throws.
 *
 * @param expectedResults - a list of [task, metric, value, tolerance].
 * @throws {@link UnexpectedResultsError} with every metric that is missing, not finite or further off than its tolerance.
 * @throws {@link ExpectedResultError} for an entry of another form.
 */
export function verifyResults(
  expectedResults: readonly (readonly (string | number)[])[],
  results: ResultsDict,
): void {
  const failures = expectedResults.flatMap((entry) => {
    const [task, metric, expected, tolerance] = entry;
    if (
      typeof task !== "string" ||
      typeof metric !== "string" ||
      typeof expected !== "number" ||
      typeof tolerance !== "number"
    ) {
      throw new ExpectedResultError(entry);
    }
    const metrics = results[task];
    const value = typeof metrics === "object" ? metrics[metric] : undefined;
    const got = typeof value === "number" ? value : undefined;
    if (got !== undefined && Math.abs(got - expected) <= tolerance) return [];
    return [{ task, metric, expected, tolerance, got }];
  });
  if (failures.length > 0) throw new UnexpectedResultsError(failures);
}

/** One level of names, joined by slashes: `{ bbox: { AP: 40 } }` becomes `{ "bbox/AP": 40 }`. */
export function flattenResultsDict(results: ResultsDict): Record<string, number> {
  const flat: Record<string, number> = {};
  for (const [name, value] of Object.entries(results)) {
    if (typeof value === "number") flat[name] = value;
    else {
      for (const [inner, number] of Object.entries(flattenResultsDict(value))) {
        flat[`${name}/${inner}`] = number;
      }
    }
  }
  return flat;
}
