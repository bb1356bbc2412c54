import type { ChartSeries } from "../chart/line-chart.ts";
import { evaluationMetric } from "../evaluation-metric.ts";
import { markup, type Markup } from "../html.ts";
import type { TrainingRun } from "../run.ts";
import { explanation } from "./explanations.ts";
import { chartFigure, recordedSeries, type FigureOptions } from "./figure.ts";
import { formatNumber, formatPercentage } from "./format.ts";

/** A part of the page, which its navigation leads to. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Markup;
}

/** Scalars that have a place of their own, or say nothing over iterations. */
const NOT_DIAGNOSTIC = new Set([
  "total_loss",
  "lr",
  "time",
  "data_time",
  "rank_data_time",
  "eta_seconds",
]);

/** More categories than these make a chart unreadable; the table has them all. */
const MOST_CATEGORIES = 8;

/** The total loss, and each of those that it is the sum of. */
export function lossSection(runs: readonly TrainingRun[]): Section | undefined {
  const names = scalarNames(runs);
  const validation = names.filter(isValidationLoss);
  const total = runs.flatMap((run, color) => [
    ...recorded(run, "total_loss", runs.length > 1 ? run.name : "training", {
      smooth: true,
      color,
    }),
    ...validation.flatMap((name) =>
      recorded(run, name, runs.length > 1 ? `${run.name}: ${name}` : name, {
        color: runs.length > 1 ? color : 1,
        dashed: runs.length > 1,
      }),
    ),
  ]);
  const parts = names.filter(isPartOfLoss);
  if (total.length === 0 && parts.length === 0) return undefined;
  return {
    id: "losses",
    title: "Losses",
    content: markup`<label class="switch"><input type="checkbox" id="log-scale"> logarithmic</label>
<div class="charts">
${total.length > 0 && chartFigure({ ...common(runs), title: "total_loss", note: "the sum of all losses", ...lastValue(runs, "total_loss"), series: total, wide: true, logarithmic: true })}
${parts.map((name) => scalarFigure(runs, name, { logarithmic: true }))}</div>`,
  };
}

/** Learning rate, and where the time goes. */
export function scheduleSection(runs: readonly TrainingRun[]): Section | undefined {
  const names = scalarNames(runs);
  const figures = [
    names.includes("lr") && scalarFigure(runs, "lr", { title: "Learning rate", smooth: false }),
    names.includes("time") &&
      scalarFigure(runs, "time", {
        title: "Seconds per iteration",
        note: "loading of data included",
      }),
    names.includes("data_time") &&
      scalarFigure(runs, "data_time", {
        title: "Seconds waiting for data",
        note: "of each iteration; near zero when loading keeps up",
      }),
  ].filter((figure) => figure !== false);
  if (figures.length === 0) return undefined;
  return {
    id: "schedule",
    title: "Learning rate and time",
    content: markup`<div class="charts">${figures}</div>`,
  };
}

/** Average precision over iterations, where some run was evaluated more than once. */
export function precisionCharts(runs: readonly TrainingRun[]): Markup | undefined {
  const figures = evaluationTasks(runs).flatMap((task) => {
    const often = (metric: string) =>
      runs.some(({ metrics }) => metrics.series(`${task}/${metric}`).length > 1);
    if (!often("AP")) return [];
    const figure: Pick<FigureOptions, "iterations" | "yInclude"> = common(runs);
    if (runs.length > 1) {
      return [
        chartFigure({
          ...figure,
          title: `${task} AP`,
          series: runs.flatMap((run, color) => recorded(run, `${task}/AP`, run.name, { color })),
        }),
      ];
    }
    const [run] = runs;
    const lines = (metrics: readonly string[]): ChartSeries[] =>
      metrics.flatMap((metric) =>
        recorded(run, `${task}/${metric}`, metric.replace(/^AP-/, ""), {}),
      );
    const categories = metricsOf(run, task).filter((metric) => metric.startsWith("AP-"));
    const last = run.metrics.series(`${task}/AP`).at(-1)?.value;
    return [
      chartFigure({
        ...figure,
        title: `${task} AP`,
        value: formatPercentage(last),
        series: lines(["AP", "AP50", "AP75"]),
      }),
      ...(categories.length > 1 && categories.length <= MOST_CATEGORIES
        ? [chartFigure({ ...figure, title: `${task} AP by category`, series: lines(categories) })]
        : []),
    ];
  });
  return figures.length === 0 ? undefined : markup`<div class="charts">${figures}</div>`;
}

/** Everything else that was recorded: accuracies, numbers of samples, a user's own scalars. */
export function diagnosticSection(runs: readonly TrainingRun[]): Section | undefined {
  const names = scalarNames(runs).filter(
    (name) =>
      !NOT_DIAGNOSTIC.has(name) &&
      !isPartOfLoss(name) &&
      !isValidationLoss(name) &&
      evaluationMetric(name) === undefined,
  );
  if (names.length === 0) return undefined;
  return {
    id: "diagnostics",
    title: "Diagnostics",
    content: markup`<details><summary>${names.length} more curves: accuracy of the heads, what they were trained on</summary>
<div class="charts">
${names.map((name) => scalarFigure(runs, name, {}))}</div></details>`,
  };
}

/** The curve of one scalar, of every run that recorded it. */
function scalarFigure(
  runs: readonly TrainingRun[],
  name: string,
  {
    title = name,
    note = explanation(name),
    smooth = true,
    logarithmic = false,
  }: { title?: string; note?: string; smooth?: boolean; logarithmic?: boolean },
): Markup {
  return chartFigure({
    ...common(runs),
    title,
    ...(note === undefined ? {} : { note }),
    ...lastValue(runs, name),
    series: runs.flatMap((run, color) => recorded(run, name, run.name, { smooth, color })),
    logarithmic,
  });
}

const isPartOfLoss = (name: string): boolean =>
  name !== "total_loss" && /loss/i.test(name) && !isValidationLoss(name);

const isValidationLoss = (name: string): boolean => /^val(idation)?[_/].*loss/i.test(name);

/** A run's curve of a scalar; none when it didn't record it. */
function recorded(
  { metrics }: TrainingRun,
  name: string,
  label: string,
  style: Omit<ChartSeries, "name" | "points">,
): ChartSeries[] {
  const points = metrics.series(name);
  return points.length === 0 ? [] : [recordedSeries(label, points, style)];
}

/** The last value of the only run; of several runs, tooltips have them. */
function lastValue(runs: readonly TrainingRun[], name: string): { value?: string } {
  const value = runs.length === 1 ? runs[0].metrics.latest(name) : undefined;
  return value === undefined ? {} : { value: formatNumber(value) };
}

/** All charts cover the same iterations, so that they can be read one below the other. */
function common(runs: readonly TrainingRun[]): { iterations: number } {
  return { iterations: Math.max(...runs.map(({ metrics }) => metrics.iterations)) };
}

/** Names of all that was recorded, in the order in which the runs have them. */
function scalarNames(runs: readonly TrainingRun[]): string[] {
  return [...new Set(runs.flatMap(({ metrics }) => metrics.names))];
}

function evaluationTasks(runs: readonly TrainingRun[]): string[] {
  const tasks = scalarNames(runs).map((name) => evaluationMetric(name)?.task);
  return [...new Set(tasks.filter((task) => task !== undefined))];
}

function metricsOf({ metrics }: TrainingRun, task: string): string[] {
  return metrics.names
    .map(evaluationMetric)
    .filter((evaluation) => evaluation?.task === task)
    .map((evaluation) => evaluation?.metric ?? "");
}
