import type { LoadReport } from "@detectron-ts/checkpoint";
import type { Config } from "@detectron-ts/config";
import {
  createLazyPredictor,
  type CreatePredictorOptions,
  DefaultPredictor,
} from "@detectron-ts/engine";
import type { LazyConfig } from "@detectron-ts/model-zoo";

import { UsageError } from "../errors.ts";
import type { Terminal } from "../terminal.ts";
import { DownloadBar } from "./progress.ts";
import type { ModelOutput } from "./results.ts";

/** A model with its checkpoint. */
export interface LoadedPredictor<Output> {
  readonly predictor: DefaultPredictor<Output>;
  readonly loadReport: LoadReport;
}

/**
 * Builds the model of a config and loads its checkpoint, MODEL.WEIGHTS. Tells on the terminal how far a download is, and
 * which tensors were not in the checkpoint.
 *
 * @param configFile - what the config is called in messages.
 * @throws UsageError when no checkpoint is named, or none of its tensors is one of the model's.
 */
export async function loadPredictor<Output = ModelOutput>(
  cfg: Config,
  configFile: string,
  terminal: Terminal,
): Promise<LoadedPredictor<Output>> {
  const checkpoint = { key: "MODEL.WEIGHTS", source: cfg.MODEL.WEIGHTS };
  return load(checkpoint, configFile, terminal, (options) =>
    DefaultPredictor.create<Output>(cfg, options),
  );
}

/** {@link loadPredictor} of a lazy config, whose checkpoint is `train.initCheckpoint`. */
export async function loadLazyPredictor<Output = ModelOutput>(
  config: LazyConfig,
  configFile: string,
  terminal: Terminal,
): Promise<LoadedPredictor<Output>> {
  const checkpoint = { key: "train.initCheckpoint", source: config.train.initCheckpoint };
  return load(checkpoint, configFile, terminal, (options) =>
    createLazyPredictor<Output>(config, options),
  );
}

async function load<Output>(
  { key, source }: { readonly key: string; readonly source: string },
  configFile: string,
  terminal: Terminal,
  create: (options: CreatePredictorOptions) => Promise<DefaultPredictor<Output>>,
): Promise<LoadedPredictor<Output>> {
  if (source === "") {
    throw new UsageError(`${configFile} names no checkpoint (${key}): add --weights FILE`);
  }
  const download = new DownloadBar(terminal);
  const predictor = await create({ onProgress: download.update }).finally(() => download.stop());
  const { loadReport } = predictor;
  checkLoaded(loadReport, source, configFile, terminal);
  return { predictor, loadReport };
}

/**
 * Warns of tensors that a checkpoint did not bring.
 *
 * @throws UsageError when it brought none at all: a checkpoint of another model would leave this one zero without a word.
 */
export function checkLoaded(
  loadReport: LoadReport | undefined,
  source: string,
  configFile: string,
  terminal: Terminal,
): asserts loadReport is LoadReport {
  if (!loadReport?.matched.length) {
    throw new UsageError(`${source} has no tensor of the model that ${configFile} describes`);
  }
  warnOfMissing(loadReport, terminal);
}

/** Names a tensor of the model that the checkpoint doesn't have; one alone can spoil every result. */
function warnOfMissing({ source, missing }: LoadReport, terminal: Terminal): void {
  if (missing.length === 0) return;
  const [first, ...others] = missing;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  terminal.warn(`${source} has no value that fits ${first}${more}; left zero`);
}
