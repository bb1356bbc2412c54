import { join } from "node:path";
import { createLazyTrainer, setupLazyConfig, testLazy } from "@detectron-ts/engine";
import { printCsvFormat } from "@detectron-ts/evaluation";
import { readTrainingRun, writeTrainingReport } from "@detectron-ts/report";
import { runtime } from "@detectron-ts/runtime";

import { registerDatasets } from "../datasets/register-datasets.ts";
import { UsageError } from "../errors.ts";
import { DownloadBar } from "../prediction/progress.ts";
import type { Terminal } from "../terminal.ts";
import { printResults, runTrainer } from "./run-trainer.ts";
import type { TrainOptions } from "./train.ts";
import { trainingDisplay } from "./training-display.ts";

/**
 * Trains by a lazy config, as `tools/lazyconfig_train_net.py` of detectron2 does, or measures its model.
 *
 * @throws TrainingStoppedError when a signal stopped the training; UsageError for options that such a config has itself; the
 *   errors of the training.
 */
export async function trainByTree(options: TrainOptions, terminal: Terminal): Promise<void> {
  const { configFile, opts, output, resume = false, evalOnly = false, threads } = options;
  if (options.numWorkers !== undefined) {
    const key = "dataloader.train.numWorkers=0";
    throw new UsageError(`--num-workers is for YAML configs: a lazy one takes --opts ${key}`);
  }
  using _registered = await registerDatasets(options.dataset);
  const config = await setupLazyConfig({ configFile, opts });
  if (output !== undefined) config.train.outputDir = output;
  if (threads !== undefined) await runtime.configure({ threads });

  const { outputDir, maxIter } = config.train;
  const display = trainingDisplay(outputDir, maxIter, terminal);
  if (evalOnly) {
    const download = new DownloadBar(terminal);
    const load = { onProgress: download.update };
    const results = await testLazy(config, { resume, load, ...display.test }).finally(() =>
      download.stop(),
    );
    printCsvFormat(results, (line) => terminal.print(line));
    return;
  }
  const trainer = await createLazyTrainer(config, display);
  await runTrainer(trainer, resume, terminal);
  const report = join(outputDir, "report.html");
  await writeTrainingReport(report, { runs: [await readTrainingRun(outputDir)] });
  printResults(trainer, report, terminal);
}
