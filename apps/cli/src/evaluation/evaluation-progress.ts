import type { InferenceProgress } from "@detectron-ts/evaluation";
import cliProgress from "cli-progress";

import { BAR_CHARACTERS } from "../prediction/progress.ts";
import { countText, formatDuration } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** Seconds between two lines where there is no terminal to show a bar. */
const LINE_INTERVAL = 5;

/** How far an evaluation is: a bar in a terminal, else a line now and then, in detectron2's words. */
export class EvaluationProgress {
  readonly #terminal: Terminal;
  #bar: cliProgress.SingleBar | undefined;
  #lastLine = performance.now();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** The evaluation of a dataset begins. */
  start(dataset: string, images: number): void {
    this.stop();
    this.#lastLine = performance.now();
    this.#terminal.print(`Running the model on ${countText(images, "image")} of ${dataset}`);
    if (!this.#terminal.stdout.isTTY) return;
    this.#bar = new cliProgress.SingleBar({
      ...BAR_CHARACTERS,
      stream: this.#terminal.stdout,
      format: "{bar} {value}/{total} images, {left} left",
    });
    this.#bar.start(images, 0, { left: "?" });
  }

  /** For the option `onProgress` of `testModel`. */
  readonly update = (_dataset: string, progress: InferenceProgress): void => {
    const { done, total, images, etaSeconds } = progress;
    this.#bar?.update(images, { left: durationText(etaSeconds) });
    if (done === total) this.stop();
    if (this.#terminal.stdout.isTTY) return;
    const now = performance.now();
    if (done !== total && now - this.#lastLine < LINE_INTERVAL * 1000) return;
    this.#lastLine = now;
    this.#terminal.print(progressLine(progress));
  };

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

function durationText(seconds: number | undefined): string {
  return seconds === undefined ? "?" : formatDuration(seconds);
}

function perIter(name: string, seconds: number): string {
  return `${name}: ${seconds.toFixed(4)} s/iter.`;
}

function progressLine(progress: InferenceProgress): string {
  const { done, total, dataSeconds, computeSeconds, evalSeconds, secondsPerBatch, etaSeconds } =
    progress;
  return [
    `Inference done ${done}/${total ?? "?"}.`,
    perIter("Dataloading", dataSeconds),
    perIter("Inference", computeSeconds),
    perIter("Eval", evalSeconds),
    perIter("Total", secondsPerBatch),
    `ETA=${durationText(etaSeconds)}`,
  ].join(" ");
}
