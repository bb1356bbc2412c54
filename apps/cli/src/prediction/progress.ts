import cliProgress from "cli-progress";

import type { Terminal } from "../terminal.ts";

/** How bars look. */
export const BAR_CHARACTERS = {
  barCompleteChar: "█",
  barIncompleteChar: "░",
  hideCursor: true,
  clearOnComplete: true,
} as const;

/** How far a list of images is: a bar under the lines that are printed, where there is a terminal to show it. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #bars: cliProgress.MultiBar | undefined;
  readonly #bar: cliProgress.SingleBar | undefined;

  constructor(terminal: Terminal, total: number) {
    this.#terminal = terminal;
    if (total < 2 || !terminal.stdout.isTTY) return;
    this.#bars = new cliProgress.MultiBar({
      ...BAR_CHARACTERS,
      stream: terminal.stdout,
      format: "{bar} {value}/{total} images, {eta_formatted} left",
    });
    this.#bar = this.#bars.create(total, 0);
  }

  /** Prints a line above the bar. */
  print(line: string): void {
    if (this.#bars === undefined) this.#terminal.print(line);
    else this.#bars.log(`${line}\n`);
  }

  /** Reports an image that could not be done. */
  fail(message: string): void {
    // Where both streams are the same terminal, a line that the bar doesn't know of would tear it.
    if (this.#bars === undefined || !this.#terminal.stderr.isTTY) this.#terminal.fail(message);
    else this.#bars.log(`${this.#terminal.errorColors.red("error:")} ${message}\n`);
  }

  /** One more image is done. */
  advance(): void {
    this.#bar?.increment();
  }

  stop(): void {
    // Lines logged since the last redraw are written by the next.
    this.#bars?.update();
    this.#bars?.stop();
  }
}

/** Shows how far a download is; for the option `onProgress` of the checkpointer. */
export class DownloadBar {
  readonly #terminal: Terminal;
  #url = "";
  #bar: cliProgress.SingleBar | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  readonly update = (progress: {
    readonly url: string;
    readonly receivedBytes: number;
    readonly totalBytes: number | undefined;
  }): void => {
    if (progress.url !== this.#url) this.#start(progress.url, progress.totalBytes);
    this.#bar?.update(progress.receivedBytes);
  };

  stop(): void {
    this.#bar?.stop();
  }

  #start(url: string, totalBytes: number | undefined): void {
    this.#url = url;
    this.#terminal.stderr.write(`Downloading ${url}\n`);
    if (totalBytes === undefined || !this.#terminal.stderr.isTTY) return;
    this.#bar = new cliProgress.SingleBar({
      ...BAR_CHARACTERS,
      stream: this.#terminal.stderr,
      format: "{bar} {percentage} %, {eta_formatted} left",
    });
    this.#bar.start(totalBytes, 0);
  }
}
