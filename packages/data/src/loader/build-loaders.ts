import { availableParallelism } from "node:os";
import { emitWarning } from "node:process";
import { configure, type Config } from "@detectron-ts/config";

import { DatasetCatalog } from "../catalog/dataset-catalog.ts";
import { MetadataCatalog } from "../catalog/metadata-catalog.ts";
import type { DatasetDict } from "../dataset-dict.ts";
import { DataOptionError, EmptyDatasetError, MetadataError } from "../errors.ts";
import { configMapperSource } from "../mapper/config-mapper.ts";
import { DatasetMapper } from "../mapper/dataset-mapper.ts";
import { isMapperSource, type InputMapper, type MapperSource } from "../mapper/mapper-source.ts";
import { loadProposalsIntoDataset, type ProposalReader } from "../readers/proposals.ts";
import { checkAnnotations } from "./check-annotations.ts";
import {
  DetectionTestLoader,
  DetectionTrainLoader,
  type DetectionTestLoaderOptions,
  type DetectionTrainLoaderOptions,
} from "./detection-loaders.ts";
import { buildTrainSampler, type NamedDataset } from "./train-sampler.ts";

/** Options of {@link getDetectionDatasetDicts}. */
export interface DatasetDictsOptions {
  /** Whether images without an object, crowds aside, are left out; true by default. */
  readonly filterEmpty?: boolean;
  /** Images with fewer labelled keypoints are left out; 0 by default. */
  readonly minKeypoints?: number;
  /** Files of precomputed proposals, one for each dataset. */
  readonly proposalFiles?: readonly string[];
  /** Reads the files of {@link proposalFiles}. */
  readonly readProposals?: ProposalReader;
  /** Gets told how many boxes training leaves out; Node's `process.emitWarning` by default. */
  readonly warn?: (message: string) => void;
}

/**
 * The images of registered datasets, one dataset after the other.
 *
 * @throws CatalogError for a name that is not registered; EmptyDatasetError when a dataset is empty or nothing remains;
 *   MetadataError when the datasets have different classes; AnnotationError for a box that is not finite or a class that
 *   there is not; DataOptionError when there is not one proposal file for each
 *   dataset, or nothing to read them with; and as {@link loadProposalsIntoDataset}.
 */
export async function getDetectionDatasetDicts(
  names: readonly string[],
  options: DatasetDictsOptions = {},
): Promise<DatasetDict[]> {
  return (await loadDatasets(names, options)).flatMap(({ dicts }) => dicts);
}

/** The images of {@link getDetectionDatasetDicts}, by dataset. */
async function loadDatasets(
  names: readonly string[],
  {
    filterEmpty = true,
    minKeypoints = 0,
    warn = emitWarning,
    ...proposalOptions
  }: DatasetDictsOptions,
): Promise<NamedDataset[]> {
  const { proposalFiles } = proposalOptions;
  if (proposalFiles && proposalFiles.length !== names.length) {
    throw new DataOptionError(
      "proposalFiles",
      proposalFiles,
      `one for each of ${names.join(", ")}`,
    );
  }
  const parts: (readonly DatasetDict[])[] = [];
  for (const [index, name] of names.entries()) {
    const dicts = await DatasetCatalog.get(name);
    if (dicts.length === 0) throw new EmptyDatasetError([name], "the dataset is empty");
    const file = proposalFiles?.[index];
    parts.push(file === undefined ? dicts : await withProposals(dicts, file, proposalOptions));
  }
  const all = parts.flat();
  checkAnnotations(all, agreedClasses(names)?.length, warn);
  const kept = parts.map((dicts, index) => ({
    name: names[index],
    dicts: dicts.filter(
      (dict) =>
        (!filterEmpty || !dict.annotations || hasObject(dict)) &&
        countKeypoints(dict) >= minKeypoints,
    ),
  }));
  if (kept.every(({ dicts }) => dicts.length === 0)) {
    throw new EmptyDatasetError(names, `none of ${all.length} images has enough annotations`);
  }
  return kept;
}

async function withProposals(
  dicts: readonly DatasetDict[],
  file: string,
  { readProposals }: DatasetDictsOptions,
): Promise<DatasetDict[]> {
  if (!readProposals) {
    throw new DataOptionError("readProposals", undefined, `a function that reads ${file}`);
  }
  return loadProposalsIntoDataset(dicts, await readProposals(file), file);
}

/** What {@link buildDetectionTrainLoader} uses instead of what its config says. */
export interface BuildTrainLoaderOptions extends Partial<DetectionTrainLoaderOptions> {
  /** Reads the files of precomputed proposals that a config with MODEL.LOAD_PROPOSALS names. */
  readonly readProposals?: ProposalReader;
}

/** What {@link buildDetectionTestLoader} uses instead of what its config says. */
export interface BuildTestLoaderOptions extends Partial<DetectionTestLoaderOptions> {
  /** Reads the files of precomputed proposals that a config with MODEL.LOAD_PROPOSALS names. */
  readonly readProposals?: ProposalReader;
}

/**
 * The loader of training batches that a config describes: DATASETS.TRAIN, DATALOADER, SOLVER.IMS_PER_BATCH and SEED.
 *
 * The order of the images follows from SEED alone, and so do augmentations: two runs of one config see the same batches.
 * DATALOADER.NUM_WORKERS threads prepare them, but no more than the machine has cores; a mapper of one's own that is not a
 * {@link MapperSource} stays in the calling thread.
 *
 * @param overrides - what to use instead of what the config says, and how to read files of precomputed proposals.
 * @throws as {@link getDetectionDatasetDicts} and {@link buildTrainSampler}.
 */
export async function buildDetectionTrainLoader(
  cfg: Config,
  { readProposals, ...overrides }: BuildTrainLoaderOptions = {},
): Promise<DetectionTrainLoader> {
  const { DATASETS, DATALOADER, MODEL, SOLVER, SEED } = cfg;
  const datasets = overrides.dataset
    ? [{ name: DATASETS.TRAIN.join(" + "), dicts: overrides.dataset }]
    : await loadDatasets(DATASETS.TRAIN, {
        filterEmpty: DATALOADER.FILTER_EMPTY_ANNOTATIONS,
        minKeypoints: MODEL.KEYPOINT_ON ? MODEL.ROI_KEYPOINT_HEAD.MIN_KEYPOINTS_PER_IMAGE : 0,
        ...(MODEL.LOAD_PROPOSALS && { proposalFiles: DATASETS.PROPOSAL_FILES_TRAIN }),
        ...(readProposals && { readProposals }),
      });
  return new DetectionTrainLoader({
    ...mapperOptions(cfg, true, overrides),
    sampler: overrides.sampler ?? buildTrainSampler(cfg, datasets),
    totalBatchSize: SOLVER.IMS_PER_BATCH,
    aspectRatioGrouping: DATALOADER.ASPECT_RATIO_GROUPING,
    seed: SEED,
    ...overrides,
    dataset: datasets.flatMap(({ dicts }) => dicts),
  });
}

/**
 * The loader of test images that a config describes; threads as in {@link buildDetectionTrainLoader}.
 *
 * @throws as {@link getDetectionDatasetDicts}.
 */
export async function buildDetectionTestLoader(
  cfg: Config,
  datasetName: string,
  { readProposals, ...overrides }: BuildTestLoaderOptions = {},
): Promise<DetectionTestLoader> {
  const { DATASETS, MODEL } = cfg;
  const index = DATASETS.TEST.indexOf(datasetName);
  const dataset =
    overrides.dataset ??
    (await getDetectionDatasetDicts([datasetName], {
      filterEmpty: false,
      ...(MODEL.LOAD_PROPOSALS && {
        proposalFiles: DATASETS.PROPOSAL_FILES_TEST.slice(index, index + 1),
      }),
      ...(readProposals && { readProposals }),
    }));
  return new DetectionTestLoader({
    ...mapperOptions(cfg, false, overrides),
    ...overrides,
    dataset,
  });
}

function mapperOptions(
  cfg: Config,
  isTrain: boolean,
  { mapper, numWorkers }: Pick<Partial<DetectionTrainLoaderOptions>, "mapper" | "numWorkers">,
): { readonly mapper: InputMapper | MapperSource; readonly numWorkers: number } {
  const threads =
    numWorkers ??
    (mapper && !isMapperSource(mapper)
      ? 0
      : Math.min(cfg.DATALOADER.NUM_WORKERS, availableParallelism()));
  if (mapper) return { mapper, numWorkers: threads };
  // Made here in any case, so that what is wrong with the config is said at once.
  const ownMapper = configure(DatasetMapper, [cfg, isTrain]);
  return {
    mapper: threads > 0 ? configMapperSource(cfg, isTrain) : ownMapper,
    numWorkers: threads,
  };
}

/** The classes of all datasets that name theirs. */
function agreedClasses(names: readonly string[]): readonly string[] | undefined {
  const [first, ...others] = names
    .map((name) => MetadataCatalog.get(name))
    .filter((metadata) => metadata.has("thingClasses"));
  for (const metadata of others) {
    const [got, wanted] = [metadata, first].map((each) => each.get("thingClasses").join(", "));
    if (got !== wanted) {
      throw new MetadataError(
        metadata.name,
        "thingClasses",
        `is ${got}, in dataset "${first.name}" ${wanted}`,
      );
    }
  }
  return first?.get("thingClasses");
}

function hasObject({ annotations = [] }: DatasetDict): boolean {
  return annotations.some(({ iscrowd }) => iscrowd !== 1);
}

/** Keypoints with a visibility above 0. */
function countKeypoints({ annotations = [] }: DatasetDict): number {
  return annotations
    .flatMap(({ keypoints = [] }) => keypoints)
    .filter((value, i) => i % 3 === 2 && value > 0).length;
}
