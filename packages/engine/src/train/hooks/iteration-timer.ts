import { HookBase } from "../hook-base.ts";
import { printLine } from "../print-line.ts";

/** Options of {@link IterationTimer}. */
export interface IterationTimerOptions {
  /** First iterations whose time isn't counted, as they compile; 3 when left out. */
  readonly warmupIter?: number;
  /** Where the summary goes, line by line; standard output when left out. */
  readonly log?: (line: string) => void;
}

/**
 * Records `time`, the seconds that each iteration takes, and says at the end how long training took, and how much of that
 * between iterations, in hooks. It should be the first hook, so that the others' `beforeStep` counts as part of the
 * iteration and their `afterStep` as time of hooks. Mirrors `detectron2.engine.hooks.IterationTimer`.
 */
export class IterationTimer extends HookBase {
  readonly #warmupIter: number;
  readonly #log: (line: string) => void;
  #trainingStart = 0;
  #stepStart = 0;
  /** Milliseconds of all iterations after the warm-up. */
  #inSteps = 0;

  constructor({ warmupIter = 3, log = printLine }: IterationTimerOptions = {}) {
    super();
    this.#warmupIter = warmupIter;
    this.#log = log;
  }

  override beforeTrain(): void {
    this.#trainingStart = performance.now();
    this.#inSteps = 0;
  }

  override beforeStep(): void {
    this.#stepStart = performance.now();
  }

  override afterStep(): void {
    const now = performance.now();
    const { iter, startIter, storage } = this.trainer;
    // The present iteration is done but not counted yet.
    const done = iter - startIter + 1;
    if (done >= this.#warmupIter) storage.putScalar("time", (now - this.#stepStart) / 1000);
    if (done > this.#warmupIter) this.#inSteps += now - this.#stepStart;
    // What training took is told without its warm-up.
    else this.#trainingStart = now;
  }

  override afterTrain(): void {
    const { iter, startIter } = this.trainer;
    const counted = iter - startIter - this.#warmupIter;
    if (counted <= 0) return;
    const total = (performance.now() - this.#trainingStart) / 1000;
    const inSteps = this.#inSteps / 1000;
    const perIteration = (inSteps / counted).toFixed(4);
    this.#log(
      `Overall training speed: ${counted} iterations in ${duration(inSteps)} (${perIteration} s / it)`,
    );
    this.#log(`Total training time: ${duration(total)} (${duration(total - inSteps)} on hooks)`);
  }
}

/** `h:mm:ss`. */
function duration(seconds: number): string {
  const whole = Math.trunc(seconds);
  const [minutes, rest] = [Math.trunc(whole / 60) % 60, whole % 60];
  return [Math.trunc(whole / 3600), padded(minutes), padded(rest)].join(":");
}

function padded(value: number): string {
  return String(value).padStart(2, "0");
}
