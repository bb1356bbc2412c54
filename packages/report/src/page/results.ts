import { markup, type Markup } from "../html.ts";
import { finalResults, type EvaluationResults, type TrainingRun } from "../run.ts";
import { formatPercentage } from "./format.ts";

/** The order of detectron2's tables; metrics that aren't among them follow. */
const USUAL_METRICS = ["AP", "AP50", "AP75", "APs", "APm", "APl"];

/** More categories than these are folded. */
const MOST_CATEGORIES = 20;

/** One line of a table of results. */
interface ResultRow {
  readonly run: string;
  readonly task: string;
  readonly metrics: EvaluationResults[string];
}

/** The final metrics of each run and task, and of each category; undefined when there are none. */
export function resultTables(runs: readonly TrainingRun[]): Markup | undefined {
  const rows: ResultRow[] = runs.flatMap((run) =>
    Object.entries(finalResults(run)).map(([task, metrics]) => ({ run: run.name, task, metrics })),
  );
  if (rows.length === 0) return undefined;
  const several = runs.length > 1;
  return markup`${metricTable(rows, several)}${categoryTable(rows, several)}`;
}

function metricTable(rows: readonly ResultRow[], several: boolean): Markup {
  const names = metricNames(rows).filter((name) => !isCategory(name));
  const metrics = [
    ...USUAL_METRICS.filter((name) => names.includes(name)),
    ...names.filter((name) => !USUAL_METRICS.includes(name)),
  ];
  return markup`<div class="scroll"><table>
<thead><tr>${several && markup`<th>run</th>`}<th>task</th>${metrics.map((name) => markup`<th class="number">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) =>
      markup`<tr>${several && markup`<th>${row.run}</th>`}<th>${row.task}</th>${metrics.map((name) => markup`<td class="number">${formatPercentage(row.metrics[name])}</td>`)}</tr>\n`,
  )}</tbody></table></div>
<p class="hint">Percentages. AP: average precision over overlaps from 0.50 to 0.95; AP50, AP75: at that overlap; s, m, l: of small, medium and large objects. A dash: no such objects.</p>
`;
}

/** A bar for each category's AP; folded when there are many. */
function categoryTable(rows: readonly ResultRow[], several: boolean): Markup | false {
  const categories = metricNames(rows).filter(isCategory);
  if (categories.length === 0) return false;
  const columns = rows.filter(({ metrics }) => Object.keys(metrics).some(isCategory));
  const table = markup`<div class="scroll"><table>
<thead><tr><th>category</th>${columns.map(({ run, task }) => markup`<th>${several && `${run}: `}${task} AP</th>`)}</tr></thead>
<tbody>${categories.map(
    (category) =>
      markup`<tr><th>${category.slice("AP-".length)}</th>${columns.map(({ metrics }) => bar(metrics[category]))}</tr>\n`,
  )}</tbody></table></div>`;
  return categories.length > MOST_CATEGORIES
    ? markup`<details><summary>AP of ${categories.length} categories</summary>${table}</details>`
    : table;
}

function bar(value: number | null | undefined): Markup {
  const width = Math.min(100, Math.max(0, value ?? 0));
  return markup`<td class="bar"><span>${formatPercentage(value)}</span>${Number.isFinite(width) && markup`<i style="--share:${width.toFixed(1)}%"></i>`}</td>`;
}

const isCategory = (metric: string): boolean => metric.startsWith("AP-");

function metricNames(rows: readonly ResultRow[]): string[] {
  return [...new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)))];
}
