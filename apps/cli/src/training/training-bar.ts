import { HookBase } from "@detectron-ts/engine";
import type { InferenceProgress } from "@detectron-ts/evaluation";
import cliProgress from "cli-progress";

import { BAR_CHARACTERS } from "../prediction/progress.ts";
import { countText, formatDuration } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** Iterations that losses are smoothed over, as in detectron2's lines. */
const WINDOW = 20;

/**
 * A bar for terminals: how far a training is, the time left and the losses, in one line below what is printed. A hook,
 * which comes after what records and before what writes.
 */
export class TrainingBar extends HookBase {
  readonly #terminal: Terminal;
  #bars: cliProgress.MultiBar | undefined;
  #bar: cliProgress.SingleBar | undefined;
  #start = 0;

  constructor(terminal: Terminal) {
    super();
    this.#terminal = terminal;
  }

  override beforeTrain(): void {
    const { startIter, maxIter } = this.trainer;
    this.#start = performance.now();
    this.#bars = new cliProgress.MultiBar({
      ...BAR_CHARACTERS,
      barsize: 20,
      stream: this.#terminal.stdout,
      format: "{bar} {value}/{total}, {left} left  {status}",
    });
    this.#bar = this.#bars.create(maxIter, startIter, { left: "?", status: "starting" });
  }

  override afterStep(): void {
    const { iter, startIter, maxIter, storage } = this.trainer;
    const histories = storage.histories();
    // The first iterations, which compile, are not among the recorded times.
    const mean = (performance.now() - this.#start) / 1000 / (iter + 1 - startIter);
    const seconds = histories.get("time")?.median(1000) ?? mean;
    const losses = [...histories].filter(([name]) => name.includes("loss"));
    // The whole loss is what one looks for first.
    losses.sort(([a], [b]) => Number(b === "total_loss") - Number(a === "total_loss"));
    this.#bar?.update(iter + 1, {
      left: formatDuration(seconds * (maxIter - iter - 1)),
      status: losses
        .map(([name, history]) => `${name} ${history.smoothed(WINDOW).toPrecision(3)}`)
        .join(" "),
    });
  }

  override afterTrain(): void {
    this.stop();
  }

  /** Prints a line above the bar. */
  readonly print = (line: string): void => {
    if (this.#bars === undefined) {
      this.#terminal.print(line);
      return;
    }
    this.#bars.log(`${line}\n`);
    this.#bars.update();
  };

  /** For the option `onProgress` of `testModel`. */
  readonly updateTest = (dataset: string, { images, etaSeconds }: InferenceProgress): void => {
    const left = etaSeconds === undefined ? "?" : formatDuration(etaSeconds);
    this.#bar?.update({
      status: `testing on ${dataset}: ${countText(images, "image")} done, ${left} left`,
    });
  };

  /** Takes the bar away. */
  stop(): void {
    this.#bars?.stop();
    this.#bars = undefined;
    this.#bar = undefined;
  }
}
