import type { DefaultTrainer } from "@detectron-ts/engine";

import { TrainingStoppedError } from "../errors.ts";
import { DownloadBar } from "../prediction/progress.ts";
import type { Terminal } from "../terminal.ts";

/**
 * Loads what a training starts from, saying what became of it, and trains.
 *
 * @throws TrainingStoppedError when a signal stopped the training; the errors of the training.
 */
export async function runTrainer(
  trainer: DefaultTrainer,
  resume: boolean,
  terminal: Terminal,
): Promise<void> {
  await load(trainer, resume, terminal);
  await trainer.train();
  const { checkpointer, stoppedBy } = trainer;
  if (stoppedBy === undefined) return;
  throw new TrainingStoppedError(stoppedBy, trainer.iter, checkpointer.getCheckpointFile());
}

/** Says where the results of a training are. */
export function printResults(
  { checkpointer }: DefaultTrainer,
  report: string,
  terminal: Terminal,
): void {
  terminal.print(`The checkpoint is ${terminal.colors.bold(checkpointer.getCheckpointFile())}`);
  terminal.print(`The training's report is ${report}`);
}

/** Loads what the training starts from, and says what became of it. */
async function load(trainer: DefaultTrainer, resume: boolean, terminal: Terminal): Promise<void> {
  const { checkpointer, cfg } = trainer;
  const last = checkpointer.getCheckpointFile();
  if (!resume && last !== "") {
    terminal.warn(`${last} is of an earlier training, which --resume would go on with`);
  }
  if (resume && last === "") {
    terminal.print(`There is no checkpoint in ${cfg.OUTPUT_DIR}: the training begins anew`);
  }
  const download = new DownloadBar(terminal);
  const report = await trainer
    .resumeOrLoad({ resume, onProgress: download.update })
    .finally(() => download.stop());
  if (report.source === "") return;
  const { matched, missing, source } = report;
  const others = missing.length === 0 ? "" : `; ${missing.length} others start as initialised`;
  terminal.print(`Loaded ${matched.length} tensors of ${source}${others}`);
}
