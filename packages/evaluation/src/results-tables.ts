import {
  formatFixed,
  type IouType,
  type PanopticAverages,
  type PanopticResults,
} from "@detectron-ts/coco";

import type { TaskMetrics } from "./dataset-evaluator.ts";

/** How the metrics of single classes begin. */
const CATEGORY_PREFIX = "AP-";

/** Pairs of category and value in a line. */
const CATEGORIES_PER_ROW = 3;

type Align = "left" | "center";

/**
 * The metrics of a task as detectron2's COCOEvaluator prints them: a table of the task's metrics, a word about those that
 * are NaN, and a table of the categories where there are several.
 */
export function resultsTables(task: IouType, metrics: TaskMetrics): string[] {
  const entries = Object.entries(metrics);
  const overall = entries.filter(([name]) => !name.startsWith(CATEGORY_PREFIX));
  const categories = entries.filter(([name]) => name.startsWith(CATEGORY_PREFIX));
  const messages = [`Evaluation results for ${task}:\n${smallTable(Object.fromEntries(overall))}`];
  if (overall.some(([, value]) => Number.isNaN(value))) {
    messages.push("Some metrics cannot be computed and are shown as nan.");
  }
  if (categories.length > 0) {
    const aps = categories.map(([name, ap]) => [name.slice(CATEGORY_PREFIX.length), ap] as const);
    messages.push(`Per-category ${task} AP:\n${categoryTable("AP", aps)}`);
  }
  return messages;
}

/** Metrics side by side, each below its name. */
export function smallTable(metrics: TaskMetrics): string {
  const values = Object.values(metrics).map(formatValue);
  return markdownTable([Object.keys(metrics), values], "center");
}

/** A metric of each category. */
export function categoryTable(
  metric: string,
  categories: readonly (readonly [name: string, value: number])[],
): string {
  const perRow = Math.min(CATEGORIES_PER_ROW, categories.length);
  const header = Array.from({ length: perRow }, () => ["category", metric]).flat();
  const rows: string[][] = [];
  for (let start = 0; start < categories.length; start += perRow) {
    const row = categories
      .slice(start, start + perRow)
      .flatMap(([name, value]) => [name, formatValue(value)]);
    rows.push([...row, ...Array<string>(2 * perRow - row.length).fill("")]);
  }
  return markdownTable([header, ...rows], "left");
}

/** Panoptic quality and its factors, in percent, of all categories, of things and of stuff. */
export function panopticTable({ all, things, stuff }: PanopticResults): string {
  const header = ["", "PQ", "SQ", "RQ", "#categories"];
  const rows = [
    panopticRow("All", all),
    panopticRow("Things", things),
    panopticRow("Stuff", stuff),
  ];
  return markdownTable([header, ...rows], "center");
}

function panopticRow(name: string, { pq, sq, rq, n }: PanopticAverages): string[] {
  return [name, ...[pq, sq, rq].map((value) => formatValue(100 * value)), String(n)];
}

/** A table in Markdown. Columns are as wide as Python's `tabulate` makes them: two more than the title, at least. */
function markdownTable([header, ...rows]: readonly (readonly string[])[], align: Align): string {
  const widths = header.map((title, column) =>
    Math.max(title.length + 2, ...rows.map((row) => row[column].length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => pad(cell, widths[column], align)).join(" | ")} |`;
  const rules = widths.map((width) =>
    align === "center" ? `:${"-".repeat(width)}:` : `:${"-".repeat(width + 1)}`,
  );
  return [line(header), `|${rules.join("|")}|`, ...rows.map(line)].join("\n");
}

function pad(text: string, width: number, align: Align): string {
  const before = align === "center" ? Math.floor((width - text.length) / 2) : 0;
  return `${" ".repeat(before)}${text}`.padEnd(width);
}

function formatValue(value: number): string {
  return Number.isNaN(value) ? "nan" : formatFixed(value, 3);
}
