import { join } from "node:path";
import { DetectionCheckpointer } from "@detectron-ts/checkpoint";
import type { Config } from "@detectron-ts/config";
import type { DetectorModel } from "@detectron-ts/engine";
import { printCsvFormat, verifyResults } from "@detectron-ts/evaluation";
import { buildModel } from "@detectron-ts/modeling";

import { UsageError } from "../errors.ts";
import { evaluateModel, loadTestDatasets } from "../evaluation/evaluate-model.ts";
import { checkLoaded } from "../prediction/load-predictor.ts";
import { DownloadBar } from "../prediction/progress.ts";
import type { Terminal } from "../terminal.ts";

/**
 * Measures the model of a config on DATASETS.TEST, as `tools/train_net.py --eval-only` of detectron2 does: with
 * MODEL.WEIGHTS, or with `resume` the last checkpoint of OUTPUT_DIR, if there is one.
 *
 * @throws UsageError when there is no checkpoint or no dataset; UnexpectedResultsError of `@detectron-ts/evaluation` when
 *   TEST.EXPECTED_RESULTS aren't met.
 */
export async function evaluateOnly(
  cfg: Config,
  configFile: string,
  resume: boolean,
  terminal: Terminal,
): Promise<void> {
  if (cfg.DATASETS.TEST.length === 0) {
    throw new UsageError("--eval-only: DATASETS.TEST is empty, there is nothing to measure on");
  }
  const datasets = await loadTestDatasets(cfg, terminal);
  const model = buildModel<DetectorModel>(cfg);
  const checkpointer = new DetectionCheckpointer(model, { saveDir: cfg.OUTPUT_DIR });
  const source = (resume && checkpointer.getCheckpointFile()) || cfg.MODEL.WEIGHTS;
  if (source === "") {
    throw new UsageError("--eval-only: there is no checkpoint; name one with --opts MODEL.WEIGHTS");
  }
  const download = new DownloadBar(terminal);
  const report = await checkpointer
    .load(source, { onProgress: download.update })
    .finally(() => download.stop());
  checkLoaded(report, source, configFile, terminal);
  const output = join(cfg.OUTPUT_DIR, "inference");
  const results = await evaluateModel(cfg, model, datasets, output, terminal);
  printCsvFormat(results, (line) => terminal.print(line));
  verifyResults(cfg.TEST.EXPECTED_RESULTS, results);
}
