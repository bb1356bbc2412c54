import { getEventStorage, type EventStorage } from "../event-storage.ts";
import type { EventWriter } from "./event-writer.ts";
import { formatDuration, formatGeneral } from "./format.ts";

/** Options of {@link CommonMetricPrinter}. */
export interface CommonMetricPrinterOptions {
  /** Iterations that training is to have; without it no ETA is printed. */
  readonly maxIter?: number;
  /** Iterations that losses, metrics and data time are smoothed over; 20 when left out. */
  readonly windowSize?: number;
  /** Where lines go, without a line break; standard output when left out. */
  readonly log?: (line: string) => void;
}

/**
 * Prints what one watches in training, a line at each call, in detectron2's words: time left, iteration, losses,
 * scalars with `[metric]` in their name, seconds per iteration and for data, learning rate and peak memory. Mirrors
 * `detectron2.utils.events.CommonMetricPrinter`; `max_mem` is the process's peak resident memory in MiB.
 *
 * It also records `eta_seconds`, so other writers should come after it.
 */
export class CommonMetricPrinter implements EventWriter {
  readonly #maxIter: number | undefined;
  readonly #windowSize: number;
  readonly #log: (line: string) => void;
  /** When and at which iteration the ETA was last estimated from the clock. */
  #lastWrite: { readonly iter: number; readonly milliseconds: number } | undefined;

  constructor({ maxIter, windowSize = 20, log = printLine }: CommonMetricPrinterOptions = {}) {
    this.#maxIter = maxIter;
    this.#windowSize = windowSize;
    this.#log = log;
  }

  /** Prints a line, except once all iterations are done: then there is no progress to report. */
  write(): void {
    const storage = getEventStorage();
    if (storage.iter === this.#maxIter) return;
    const histories = storage.histories();
    const [time, dataTime, lr] = ["time", "data_time", "lr"].map((name) => histories.get(name));
    const eta = this.#eta(storage);
    const averageDataTime = dataTime?.avg(dataTime.countSamples(this.#windowSize));
    const maxMemory = process.resourceUsage().maxRSS / 1024;
    this.#log(
      ` ${eta === undefined ? "" : `eta: ${eta}  `}iter: ${storage.iter}` +
        `  ${this.#smoothed(storage, "loss")}  ${this.#smoothed(storage, "[metric]")}  ` +
        seconds("time", time?.globalAvg()) +
        seconds("last_time", time?.latest()) +
        seconds("data_time", averageDataTime) +
        seconds("last_data_time", dataTime?.latest()) +
        ` lr: ${lr === undefined ? "N/A" : formatGeneral(lr.latest(), 5)}` +
        `  max_mem: ${maxMemory.toFixed(0)}M`,
    );
  }

  close(): void {
    // Holds nothing open.
  }

  /** All scalars with `part` in their name, as `name: value`. */
  #smoothed(storage: EventStorage, part: string): string {
    return [...storage.histories()]
      .filter(([name]) => name.includes(part))
      .map(([name, history]) => `${name}: ${formatGeneral(history.smoothed(this.#windowSize), 4)}`)
      .join("  ");
  }

  /** Time left by the median of the last 1000 iteration times; by the clock between two writes without these. */
  #eta(storage: EventStorage): string | undefined {
    if (this.#maxIter === undefined) return undefined;
    const left = this.#maxIter - storage.iter - 1;
    const time = storage.histories().get("time");
    if (time !== undefined) {
      const etaSeconds = time.median(1000) * left;
      storage.putScalar("eta_seconds", etaSeconds, { smoothingHint: false });
      return formatDuration(etaSeconds);
    }
    const now = { iter: storage.iter, milliseconds: performance.now() };
    const last = this.#lastWrite;
    this.#lastWrite = now;
    if (last === undefined || last.iter === now.iter) return undefined;
    const perIter = (now.milliseconds - last.milliseconds) / 1000 / (now.iter - last.iter);
    return formatDuration(perIter * left);
  }
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

function seconds(label: string, value: number | undefined): string {
  return value === undefined ? "" : `${label}: ${value.toFixed(4)}  `;
}
