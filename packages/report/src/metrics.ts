import { readFile } from "node:fs/promises";

import { MetricsFormatError } from "./errors.ts";
import { evaluationMetric } from "./evaluation-metric.ts";

/** A scalar as it was recorded at an iteration; NaN where the file has null or NaN. */
export interface MetricPoint {
  readonly iteration: number;
  readonly value: number;
}

/**
 * The scalars of a training, by name, each a series in order of iterations.
 *
 * A series only moves forward: a value recorded at an iteration that the series has already reached discards what was
 * recorded there and later. So of a training that was interrupted and resumed from an earlier checkpoint, what counts is
 * the part that was kept.
 */
export class Metrics {
  readonly #series = new Map<string, MetricPoint[]>();
  /** Numbers of the lines, counted from 1, that couldn't be read. A last line cut short isn't among them. */
  readonly unreadableLines: readonly number[];

  /** @param rows Scalars by name, with the iteration that they belong to, in the order they were recorded. */
  constructor(
    rows: Iterable<readonly [iteration: number, scalars: Readonly<Record<string, number>>]>,
    unreadableLines: readonly number[] = [],
  ) {
    for (const [iteration, scalars] of rows) {
      for (const [name, value] of Object.entries(scalars)) this.#append(name, { iteration, value });
    }
    this.unreadableLines = unreadableLines;
  }

  /** Names of the scalars, in the order they first occur. */
  get names(): readonly string[] {
    return [...this.#series.keys()];
  }

  /** The number of iterations done: one more than the last that anything but a result of evaluation is recorded at. */
  get iterations(): number {
    let last = -1;
    for (const [name, points] of this.#series) {
      if (evaluationMetric(name) === undefined)
        last = Math.max(last, points[points.length - 1].iteration);
    }
    return last + 1;
  }

  /** What was recorded under a name; empty when nothing was. */
  series(name: string): readonly MetricPoint[] {
    return this.#series.get(name) ?? [];
  }

  /** The latest finite value of a scalar; undefined when there is none. */
  latest(name: string): number | undefined {
    return this.series(name).findLast(({ value }) => Number.isFinite(value))?.value;
  }

  #append(name: string, point: MetricPoint): void {
    let points = this.#series.get(name);
    if (points === undefined) this.#series.set(name, (points = []));
    while (points.length > 0 && points[points.length - 1].iteration >= point.iteration)
      points.pop();
    points.push(point);
  }
}

/**
 * Reads the `metrics.json` that detectron2 and this project's `JSONWriter` write: one JSON object a line.
 *
 * NaN and infinities may stand there as Python writes them. A last line cut short by a crash is passed over; other lines
 * that can't be read are too, and {@link Metrics.unreadableLines} lists them.
 *
 * @throws MetricsFormatError when the file has lines and none of them can be read; an error of the file system.
 */
export async function readMetrics(path: string): Promise<Metrics> {
  return parseMetrics(await readFile(path, "utf8"), path);
}

/**
 * Reads metrics from the text of such a file, as {@link readMetrics} does.
 *
 * @param source What errors call the text.
 */
export function parseMetrics(text: string, source = "the text"): Metrics {
  const rows: [number, Record<string, number>][] = [];
  const unreadable: number[] = [];
  const lines = text.split("\n");
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const row = parseRow(line);
    if (row !== undefined) rows.push(row);
    // A whole line ends with a line break, so that the last piece of a whole file is empty.
    else if (i < lines.length - 1) unreadable.push(i + 1);
  }
  if (rows.length === 0 && unreadable.length > 0) {
    throw new MetricsFormatError(source, lines[unreadable[0] - 1].slice(0, 80));
  }
  return new Metrics(rows, unreadable);
}

/** A line's iteration and scalars; undefined when it isn't an object that has an iteration. */
function parseRow(line: string): [iteration: number, scalars: Record<string, number>] | undefined {
  let row: unknown;
  try {
    row = JSON.parse(standardNumbers(line));
  } catch {
    return undefined;
  }
  if (typeof row !== "object" || row === null || !("iteration" in row)) return undefined;
  const { iteration, ...rest } = row;
  if (typeof iteration !== "number" || !Number.isFinite(iteration)) return undefined;
  const scalars: Record<string, number> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (value === null) scalars[name] = NaN;
    else if (typeof value === "number") scalars[name] = value;
  }
  return [iteration, scalars];
}

/** Replaces Python's NaN and infinities, outside of strings, by what JSON reads as null and as infinities. */
function standardNumbers(line: string): string {
  return line.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (token) => {
    if (token.startsWith('"')) return token;
    return token.endsWith("NaN") ? "null" : token.replace("Infinity", "1e999");
  });
}
