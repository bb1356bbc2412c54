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
  const hasTotal = names.includes("total_loss");
  const parts = names.filter(isPartOfLoss);
  if (!hasTotal && parts.length === 0) return undefined;
  return {
    id: "losses",
    title: "Losses",
    content: markup`<label class="switch"><input type="checkbox" id="log-scale"> logarithmic</label>
<div class="charts">
${hasTotal && scalarFigure(runs, "total_loss", { wide: true, logarithmic: true })}${parts.map((name) => scalarFigure(runs, name, { logarithmic: true }))}</div>`,
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
      !name.startsWith(VALIDATION) &&
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

/** How {@link scalarFigure} differs from what a scalar's name says. */
interface ScalarStyle {
  readonly title?: string;
  readonly note?: string;
  readonly smooth?: boolean;
  readonly logarithmic?: boolean;
  readonly wide?: boolean;
}

/** The curve of one scalar, of every run that recorded it, with that of validation beside training's where there is one. */
function scalarFigure(
  runs: readonly TrainingRun[],
  name: string,
  { title = name, note = explanation(name), smooth = true, ...style }: ScalarStyle,
): Markup {
  const single = runs.length === 1;
  const series = runs.flatMap((run, color) => {
    const validation = recorded(
      run,
      VALIDATION + name,
      single ? "validation" : `${run.name}: validation`,
      {
        color: single ? 1 : color,
        dashed: !single,
      },
    );
    const label = single && validation.length > 0 ? "training" : run.name;
    return [...recorded(run, name, label, { smooth, color }), ...validation];
  });
  return chartFigure({
    ...common(runs),
    title,
    ...(note === undefined ? {} : { note }),
    ...lastValue(runs, name),
    series,
    ...style,
  });
}

/** What the validation losses of `ValidationLossHook` are called begins with this; then comes the name of training's. */
const VALIDATION = "validation/";

const isPartOfLoss = (name: string): boolean =>
  name !== "total_loss" && /loss/i.test(name) && !name.startsWith(VALIDATION);

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
