import { describeConfig, type ConfigDescription } from "../describe-config.ts";
import { evaluationMetric } from "../evaluation-metric.ts";
import { markup, type Markup } from "../html.ts";
import { finalResults, trainingSeconds, type TrainingRun } from "../run.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercentage,
} from "./format.ts";

/** One fact about a run. */
interface Fact {
  readonly name: string;
  readonly value: string;
  /** Something smaller beside the value. */
  readonly detail?: string;
}

const TASK_NAMES: Readonly<Record<string, string>> = {
  bbox: "Box AP",
  segm: "Mask AP",
  keypoints: "Keypoint AP",
};

/** What a reader wants to know first: tiles for one run, a table for several. */
export function summary(runs: readonly TrainingRun[]): Markup {
  if (runs.length === 1) return markup`<dl class="tiles">${facts(runs[0]).map(tile)}</dl>`;
  const all = runs.map((run) => new Map(facts(run).map((fact) => [fact.name, fact])));
  const names = [...new Set(all.flatMap((byName) => [...byName.keys()]))];
  return markup`<div class="scroll"><table>
<thead><tr><th>run</th>${names.map((name) => markup`<th class="number">${name}</th>`)}</tr></thead>
<tbody>${runs.map(
    ({ name: run }, i) =>
      markup`<tr><th><i class="swatch" style="--color:var(--s${i % 8})"></i>${run}</th>${names.map(
        (name) => {
          const fact = all[i].get(name);
          return markup`<td class="number">${fact?.value ?? "–"}${fact?.detail !== undefined && markup` <small>${fact.detail}</small>`}</td>`;
        },
      )}</tr>\n`,
  )}</tbody></table></div>`;
}

/** The names of the runs' models; one of them when all are the same. */
export function modelNames(runs: readonly TrainingRun[]): string {
  const names = runs.map(({ config }) => describe(config)?.model);
  return [...new Set(names.filter((name) => name !== undefined))].join(" · ");
}

/** What the configs say, a column a run; rows in which they differ are marked. */
export function settingsTable(runs: readonly TrainingRun[]): Markup | undefined {
  const columns = runs
    .map(({ name, config }) => ({
      name,
      settings: new Map(describe(config)?.settings.map(({ name: key, value }) => [key, value])),
    }))
    .filter(({ settings }) => settings.size > 0);
  if (columns.length === 0) return undefined;
  const names = [...new Set(columns.flatMap(({ settings }) => [...settings.keys()]))];
  const several = columns.length > 1;
  return markup`<div class="scroll"><table class="settings">
${several && markup`<thead><tr><th></th>${columns.map(({ name }) => markup`<th>${name}</th>`)}</tr></thead>`}
<tbody>${names.map((name) => {
    const values = columns.map(({ settings }) => settings.get(name) ?? "–");
    const differ = new Set(values).size > 1;
    return markup`<tr${differ && markup` class="differs"`}><th>${name}</th>${values.map((value) => markup`<td>${value}</td>`)}</tr>\n`;
  })}</tbody></table></div>`;
}

/** What is wrong with the runs' records: losses that aren't finite, lines that couldn't be read. */
export function warnings(runs: readonly TrainingRun[]): Markup | undefined {
  const found = runs.flatMap((run) => {
    const { name, metrics } = run;
    const notFinite = metrics.names
      .filter((scalar) => evaluationMetric(scalar) === undefined)
      .flatMap((scalar) => {
        const points = metrics.series(scalar).filter(({ value }) => !Number.isFinite(value));
        return points.length === 0
          ? []
          : [
              `${name}: ${scalar} is NaN or infinite in ${formatCount(points.length)} of ${formatCount(metrics.series(scalar).length)} records, first at iteration ${formatCount(points[0].iteration)}.`,
            ];
      });
    const lines = metrics.unreadableLines;
    return lines.length === 0
      ? notFinite
      : [
          ...notFinite,
          `${name}: ${lines.length === 1 ? "line" : "lines"} ${listed(lines)} of the metrics couldn't be read.`,
        ];
  });
  return found.length === 0
    ? undefined
    : markup`<ul class="warnings">${found.map((text) => markup`<li>${text}</li>`)}</ul>`;
}

function facts(run: TrainingRun): Fact[] {
  const { metrics, config, peakMemory } = run;
  const seconds = trainingSeconds(run);
  const { iterations } = metrics;
  const maxIter = describe(config)?.maxIter;
  const unfinished = maxIter !== undefined && iterations < maxIter;
  return [
    ...precision(run),
    ...loss(run),
    {
      name: "Iterations",
      value: formatCount(iterations),
      ...(unfinished ? { detail: `of ${formatCount(maxIter)}` } : {}),
    },
    ...(seconds === undefined ? [] : [{ name: "Training time", value: formatDuration(seconds) }]),
    ...(seconds === undefined || iterations === 0
      ? []
      : [{ name: "Per iteration", value: `${formatNumber(seconds / iterations)} s` }]),
    ...(peakMemory === undefined ? [] : [{ name: "Peak memory", value: formatBytes(peakMemory) }]),
  ];
}

function precision(run: TrainingRun): Fact[] {
  return Object.entries(finalResults(run)).flatMap(([task, { AP, AP50 }]) => {
    if (AP === undefined) return [];
    const detail = AP50 === undefined ? {} : { detail: `AP50 ${formatPercentage(AP50)}` };
    return [{ name: TASK_NAMES[task] ?? `${task} AP`, value: formatPercentage(AP), ...detail }];
  });
}

function loss({ metrics }: TrainingRun): Fact[] {
  const last = metrics.latest("total_loss");
  if (last === undefined) return [];
  const first = metrics.series("total_loss").find(({ value }) => Number.isFinite(value));
  const detail = first === undefined ? {} : { detail: `from ${formatNumber(first.value)}` };
  return [{ name: "Total loss", value: formatNumber(last), ...detail }];
}

function tile({ name, value, detail }: Fact): Markup {
  return markup`<div><dt>${name}</dt><dd>${value}${detail !== undefined && markup` <small>${detail}</small>`}</dd></div>`;
}

function describe(config: string | undefined): ConfigDescription | undefined {
  return config === undefined ? undefined : describeConfig(config);
}

/** "3, 17 and 40"; of many, the first few. */
function listed(numbers: readonly number[]): string {
  if (numbers.length > 5) return `${numbers.slice(0, 5).join(", ")} and ${numbers.length - 5} more`;
  return numbers.length === 1
    ? String(numbers[0])
    : `${numbers.slice(0, -1).join(", ")} and ${numbers[numbers.length - 1]}`;
}
