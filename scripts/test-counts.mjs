/** How many tests passed and failed, read from the JSON report that `npm test` leaves. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";
import { root } from "./steps.mjs";

/** Where `npm test` writes vitest's JSON report. */
export const resultsFile = join(root, "node_modules", ".cache", "tests", "results.json");

/**
 * Counts the tests of the last run. A file that fails before its first test (an import error, say) counts as one
 * failed test, and so does a run that left no report.
 *
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function readCounts() {
  if (!existsSync(resultsFile)) return { passed: 0, failed: 1, skipped: 0 };
  /** @type {{ testResults: { status: string, assertionResults: { status: string }[] }[] }} */
  const report = JSON.parse(readFileSync(resultsFile, "utf8"));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults) {
    const statuses = file.assertionResults.map((test) => test.status);
    const failed = statuses.filter((status) => status === "failed").length;
    const passed = statuses.filter((status) => status === "passed").length;
    counts.passed += passed;
    counts.failed += file.status === "failed" ? Math.max(failed, 1) : failed;
    counts.skipped += statuses.length - passed - failed;
  }
  return counts;
}

// For shell scripts: the two numbers, passed and failed.
if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  const { passed, failed } = readCounts();
  console.log(`${passed} ${failed}`);
}
