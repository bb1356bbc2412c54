import { randomInt } from "node:crypto";
import {
  createKeypointHflipIndices,
  type DatasetDict,
  DatasetCatalog,
  type DatasetDictsOptions,
  DetectionTestLoader,
  type DetectionTestLoaderOptions,
  DetectionTrainLoader,
  type DetectionTrainLoaderOptions,
  getDetectionDatasetDicts,
  getFedLossClsWeights,
  MetadataCatalog,
  repeatFactorsFromCategoryFrequency,
  RepeatFactorTrainingSampler,
  TrainingSampler,
} from "@detectron-ts/data";

/** Options of {@link detectionDatasetDicts}. */
export interface DetectionDatasetOptions extends DatasetDictsOptions {
  /** One dataset or several. */
  readonly names: string | readonly string[];
}

/** `getDetectionDatasetDicts` of `@detectron-ts/data` with its arguments in one object. */
export function detectionDatasetDicts({
  names,
  ...options
}: DetectionDatasetOptions): Promise<DatasetDict[]> {
  return getDetectionDatasetDicts(typeof names === "string" ? [names] : names, options);
}

/** Options of {@link detectionTrainLoader}. */
export type TrainLoaderOptions = Omit<
  DetectionTrainLoaderOptions,
  "sampler" | "seed" | "numWorkers"
> & {
  /** Every image once in each round, in a random order, when left out. */
  readonly sampler?: DetectionTrainLoaderOptions["sampler"];
  /** Drawn when left out or negative. */
  readonly seed?: number;
  /** Threads; they need a mapper that says how to make it, and there are none for another. 0 when left out. */
  readonly numWorkers?: number;
};

/**
 * The loader of training batches, with a sampler and a seed where none is given. Mirrors detectron2's
 * `build_detection_train_loader` when it is called without a config.
 */
export function detectionTrainLoader(options: TrainLoaderOptions): DetectionTrainLoader {
  const { dataset, mapper, numWorkers = 0, seed: wanted = -1 } = options;
  const seed = wanted < 0 ? randomInt(2 ** 31) : wanted;
  return new DetectionTrainLoader({
    sampler: new TrainingSampler({ size: dataset.length, seed }),
    ...options,
    numWorkers: "module" in mapper ? numWorkers : 0,
    seed,
  });
}

/** The loader of test images. Mirrors detectron2's `build_detection_test_loader` when it is called without a config. */
export function detectionTestLoader({
  numWorkers = 0,
  ...options
}: DetectionTestLoaderOptions): DetectionTestLoader {
  const threads = "module" in options.mapper ? numWorkers : 0;
  return new DetectionTestLoader({ ...options, numWorkers: threads });
}

/** Options of {@link repeatFactorSampler}. */
export interface RepeatFactorOptions {
  readonly dataset: readonly DatasetDict[];
  /** Categories in a smaller share of the images come more often. */
  readonly repeatThresh: number;
  /** Drawn when left out or negative. */
  readonly seed?: number;
}

/** A sampler that repeats images with rare categories; see `repeatFactorsFromCategoryFrequency` of `@detectron-ts/data`. */
export function repeatFactorSampler({
  dataset,
  repeatThresh,
  seed = -1,
}: RepeatFactorOptions): RepeatFactorTrainingSampler {
  return new RepeatFactorTrainingSampler({
    repeatFactors: repeatFactorsFromCategoryFrequency(dataset, repeatThresh),
    seed: seed < 0 ? randomInt(2 ** 31) : seed,
  });
}

/** For each keypoint of a registered dataset, the one that takes its place in a mirror. */
export async function keypointHflipIndices({
  names,
}: {
  /** One dataset, or several with the same keypoints. */
  readonly names: string | readonly string[];
}): Promise<number[]> {
  const name = typeof names === "string" ? names : names[0];
  const metadata = MetadataCatalog.get(name);
  // Some datasets have their metadata from their files.
  if (!metadata.has("keypointNames")) await DatasetCatalog.get(name);
  return createKeypointHflipIndices(metadata);
}

/** Options of {@link fedLossClsWeights}. */
export interface FedLossWeightsOptions {
  /** One dataset, or several with the same counts of images per class. */
  readonly names: string | readonly string[];
  /** 1 when left out. */
  readonly freqWeightPower?: number;
}

/** What tells the weights of classes in the federated loss; see `getFedLossClsWeights` of `@detectron-ts/data`. */
export function fedLossClsWeights({
  names,
  freqWeightPower,
}: FedLossWeightsOptions): () => Float32Array {
  return () => getFedLossClsWeights(names, freqWeightPower);
}
