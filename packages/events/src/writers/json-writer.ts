import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { getEventStorage } from "../event-storage.ts";
import type { EventWriter } from "./event-writer.ts";

/** Options of {@link JSONWriter}. */
export interface JSONWriterOptions {
  /** Path of the file, detectron2's `metrics.json`. Lines are added to a file that exists. */
  readonly jsonFile: string;
  /** Iterations that scalars with a smoothing hint are smoothed over; 20 when left out. */
  readonly windowSize?: number;
  /**
   * The iteration a resumed training goes on from: what an interrupted run left of this one and later is dropped,
   * so that each iteration has one line. Nothing is dropped when left out.
   */
  readonly startIter?: number;
}

/**
 * Writes scalars to a file, one JSON object a line, keys sorted: `{"iteration": 19, "loss_cls": 0.53, "lr": 0.007}`.
 * Only scalars recorded since the last write are in it, at the iteration of their latest value; NaN and infinities
 * are null. Mirrors `detectron2.utils.events.JSONWriter`.
 *
 * A last line cut short by a crash is taken off when the file is opened.
 */
export class JSONWriter implements EventWriter {
  readonly #file: number;
  readonly #windowSize: number;
  #lastWrite = -1;

  constructor({ jsonFile, windowSize = 20, startIter = Infinity }: JSONWriterOptions) {
    mkdirSync(dirname(jsonFile), { recursive: true });
    repair(jsonFile, startIter);
    this.#file = openSync(jsonFile, "a");
    this.#windowSize = windowSize;
  }

  write(): void {
    const storage = getEventStorage();
    const lines = new Map<number, [string, number][]>();
    for (const [name, { value, iter }] of storage.latestWithSmoothingHint(this.#windowSize)) {
      if (iter <= this.#lastWrite) continue;
      const line = lines.get(iter) ?? [["iteration", iter]];
      line.push([name, value]);
      lines.set(iter, line);
    }
    const iters = [...lines.keys()].sort((a, b) => a - b);
    for (const iter of iters) {
      writeSync(this.#file, `${pythonJson(lines.get(iter)!)}\n`);
      this.#lastWrite = iter;
    }
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** One flat object in the layout of Python's `json.dumps(…, sort_keys=True)`. */
function pythonJson(entries: readonly [name: string, value: number][]): string {
  return `{${entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    .join(", ")}}`;
}

/** Takes off an unfinished last line and all lines of `startIter` and later. */
function repair(jsonFile: string, startIter: number): void {
  let content: string;
  try {
    content = readFileSync(jsonFile, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
  const kept = content
    .split("\n")
    .slice(0, -1)
    .filter((line) => !(iterationOf(line) >= startIter))
    .map((line) => `${line}\n`)
    .join("");
  if (kept === content) return;
  // By way of another file, so that a crash in between loses no line.
  const replacement = `${jsonFile}.tmp`;
  writeFileSync(replacement, kept, { flush: true });
  renameSync(replacement, jsonFile);
}

/** The iteration of a line; NaN, which is not later than anything, for a line of another kind. */
function iterationOf(line: string): number {
  return Number(/"iteration": *(\d+)/.exec(line)?.[1]);
}
