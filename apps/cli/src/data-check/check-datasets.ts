import type { Config } from "@detectron-ts/config";
import {
  checkData,
  checkDataOptions,
  DatasetCatalog,
  type DatasetDict,
  type DataProblem,
  type DataProblemExample,
  loadCocoJson,
  MetadataCatalog,
  suggestBaseLr,
} from "@detectron-ts/data";
import { setupConfig } from "@detectron-ts/engine";

import { selectDatasets } from "../datasets/configured-datasets.ts";
import type { DatasetSpec } from "../datasets/dataset-spec.ts";
import { registerDatasets } from "../datasets/register-datasets.ts";
import { DataProblemsError, UsageError } from "../errors.ts";
import { modelClasses } from "../model-classes.ts";
import type { Terminal } from "../terminal.ts";
import { type DatasetStatistics, datasetStatistics } from "./dataset-statistics.ts";
import { printReport } from "./print-report.ts";

/** What `detectron check-data` is asked for. */
export interface CheckDataCommandOptions {
  readonly configFile?: string | undefined;
  readonly dataset?: readonly DatasetSpec[] | undefined;
  /** Whether the report is printed as JSON. */
  readonly json?: boolean | undefined;
  readonly opts?: readonly string[] | undefined;
}

/** Where a problem is, and with which values. */
export interface ProblemExample extends DataProblemExample {
  readonly bbox?: readonly number[];
  readonly imageSize?: { readonly height: number; readonly width: number };
}

/** A kind of problem, with its first examples. */
export interface Problem extends DataProblem {
  readonly examples: readonly ProblemExample[];
}

/** What was found out about a dataset. */
export interface DatasetReport extends DatasetStatistics {
  readonly name: string;
  /** Errors first. */
  readonly problems: readonly Problem[];
  /** Number of images whose pixels were read. */
  readonly imagesRead: number;
}

/** What was found out about a config for the datasets. */
export interface ConfigReport {
  /** Undefined for models without classes. */
  readonly numClasses: number | undefined;
  readonly imsPerBatch: number;
  readonly baseLr: number;
  /** By the linear rule. */
  readonly suggestedBaseLr: number;
}

/** What `detectron check-data --json` prints. */
export interface DataCheck {
  readonly datasets: readonly DatasetReport[];
  readonly config?: ConfigReport;
}

/**
 * Looks for what is wrong with datasets, and with a config for them, and prints a report.
 *
 * @throws DataProblemsError after the report when there are errors, warnings alone aside; UsageError when there is no
 *   dataset; the errors of `@detectron-ts/data` for files that can't be read as datasets at all.
 */
export async function checkDatasets(
  options: CheckDataCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const { configFile, opts, json = false } = options;
  using registered = await registerDatasets(options.dataset);
  if (configFile === undefined && opts !== undefined) {
    throw new UsageError("--opts needs --config-file");
  }
  const cfg = configFile === undefined ? undefined : setupConfig({ configFile, opts });
  const names = await selectDatasets(registered.names, cfg, ["TRAIN", "TEST"]);
  const datasets: DatasetReport[] = [];
  for (const name of names) datasets.push(await checkDataset(name, cfg));
  const check = { datasets, ...(cfg && { config: describeConfig(cfg) }) };
  if (json) terminal.print(JSON.stringify(check, null, 2));
  else printReport(check, terminal);

  const broken = datasets.filter(({ problems }) =>
    problems.some(({ severity }) => severity === "error"),
  );
  if (broken.length > 0) throw new DataProblemsError(broken.map(({ name }) => name));
}

async function checkDataset(name: string, cfg: Config | undefined): Promise<DatasetReport> {
  const dicts = await loadAll(name);
  const metadata = MetadataCatalog.get(name);
  const thingClasses = metadata.has("thingClasses") ? metadata.get("thingClasses") : [];
  const { problems, imagesRead } = await checkData(dicts, {
    thingClasses,
    ...(cfg && checkDataOptions(cfg)),
  });
  const byFile = new Map(dicts.map((dict) => [dict.fileName, dict]));
  return {
    name,
    problems: problems.map((problem) => ({
      ...problem,
      examples: problem.examples.map((example) => withValues(example, byFile)),
    })),
    imagesRead,
    ...datasetStatistics(dicts, thingClasses),
  };
}

/** The entries of a dataset, those of COCO's format with the broken polygons that its loader would leave out. */
function loadAll(name: string): Promise<readonly DatasetDict[]> {
  const metadata = MetadataCatalog.get(name);
  // Files of other formats, LVIS's for one, are the business of their readers.
  const { evaluatorType, jsonFile } = metadata.asDict();
  if (evaluatorType !== "coco" || jsonFile === undefined) return DatasetCatalog.get(name);
  return loadCocoJson(metadata.get("jsonFile"), metadata.get("imageRoot"), {
    datasetName: name,
    dropInvalidPolygons: false,
  });
}

function withValues(
  example: DataProblemExample,
  byFile: ReadonlyMap<string, DatasetDict>,
): ProblemExample {
  const { height, width, annotations = [] } = byFile.get(example.fileName) ?? {};
  const annotation = annotations.find(({ id }) => id === example.annotationId);
  return {
    ...example,
    ...(example.annotationId !== undefined && annotation && { bbox: annotation.bbox }),
    ...(height !== undefined && width !== undefined && { imageSize: { height, width } }),
  };
}

function describeConfig(cfg: Config): ConfigReport {
  return {
    numClasses: modelClasses(cfg)?.count,
    imsPerBatch: cfg.SOLVER.IMS_PER_BATCH,
    baseLr: cfg.SOLVER.BASE_LR,
    suggestedBaseLr: suggestBaseLr(cfg),
  };
}
