import { type DefaultTrainerOverrides, defaultWriters } from "@detectron-ts/engine";

import { EvaluationProgress } from "../evaluation/evaluation-progress.ts";
import type { Terminal } from "../terminal.ts";
import { TrainingBar } from "./training-bar.ts";

/** How a training shows itself: a bar in a terminal, else detectron2's lines. */
export function trainingDisplay(
  outputDir: string,
  maxIter: number,
  terminal: Terminal,
): Pick<DefaultTrainerOverrides, "onSignal" | "log" | "hooks" | "test" | "writers"> {
  if (!terminal.stdout.isTTY) {
    const progress = new EvaluationProgress(terminal);
    return {
      onSignal: (signal) => terminal.warn(signalText(signal)),
      log: (line) => terminal.print(line),
      test: { onProgress: progress.update },
    };
  }
  const bar = new TrainingBar(terminal);
  return {
    onSignal: (signal) => bar.print(terminal.colors.yellow(signalText(signal))),
    log: bar.print,
    hooks: [bar],
    test: { onProgress: bar.updateTest },
    writers: (startIter) =>
      defaultWriters({
        outputDir,
        maxIter,
        ...(startIter > 0 && { startIter }),
        // The bar says the same.
        log: () => undefined,
      }),
  };
}

function signalText(signal: NodeJS.Signals): string {
  return `${signal}: saving a checkpoint after this iteration; once more ends at once`;
}
