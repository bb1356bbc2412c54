import { join } from "node:path";

import {
  CommonMetricPrinter,
  type EventWriter,
  JSONWriter,
  TensorboardXWriter,
} from "@detectron-ts/events";

/** Options of {@link defaultWriters}. */
export interface DefaultWritersOptions {
  /** Where `metrics.json` and TensorBoard's event files go. */
  readonly outputDir: string;
  /** Iterations that training is to have, for the time left. */
  readonly maxIter: number;
  /** The iteration that training goes on from: lines of later ones, from an interrupted run, are dropped. */
  readonly startIter?: number;
  /** Where lines for people go; standard output when left out. */
  readonly log?: (line: string) => void;
}

/** Writers for the console, `metrics.json` and TensorBoard. Mirrors `detectron2.engine.defaults.default_writers`. */
export function defaultWriters({
  outputDir,
  maxIter,
  startIter,
  log,
}: DefaultWritersOptions): EventWriter[] {
  return [
    new CommonMetricPrinter({ maxIter, ...(log && { log }) }),
    new JSONWriter({
      jsonFile: join(outputDir, "metrics.json"),
      ...(startIter !== undefined && { startIter }),
    }),
    new TensorboardXWriter({ logDir: outputDir }),
  ];
}
