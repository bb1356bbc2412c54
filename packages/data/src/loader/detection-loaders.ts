import { Generator } from "@detectron-ts/nn";

import type { DatasetDict } from "../dataset-dict.ts";
import {
  DataOptionError,
  EmptyDatasetError,
  MapperSourceError,
  WorkerExitError,
} from "../errors.ts";
import type { MappedInput } from "../mapper/dataset-mapper.ts";
import type { InputMapper, MapperSource } from "../mapper/mapper-source.ts";
import {
  aspectRatioGroup,
  BatchPlanner,
  type BatchPlannerState,
  checkPlannerState,
  type PlannedSample,
} from "./batch-planner.ts";
import { MapperOpener, type OpenMapper, type WorkerOptions } from "./open-mapper.ts";
import { prefetch } from "./prefetch.ts";
import { InferenceSampler, type TrainSampler } from "./samplers.ts";

/** How many batches are prepared while one is used; as many as there are threads where those are more. */
const DEFAULT_PREFETCH = 2;

/** Images to try in place of one that cannot be loaded before giving up: then it is not a single file that is broken. */
const REPLACEMENT_ATTEMPTS = 10;

/** Options of {@link DetectionTrainLoader}. */
export interface DetectionTrainLoaderOptions extends WorkerOptions {
  readonly dataset: readonly DatasetDict[];
  /** What makes inputs of images, or how to make it. */
  readonly mapper: InputMapper | MapperSource;
  readonly sampler: TrainSampler;
  /** Images per batch, SOLVER.IMS_PER_BATCH. */
  readonly totalBatchSize: number;
  /** Whether batches hold either wide or tall images, true by default. */
  readonly aspectRatioGrouping?: boolean;
  /** Where the seeds of the augmentations come from. */
  readonly seed: number;
  /** Batches that are prepared while one is used; 2 by default, or the number of threads if that is greater. */
  readonly prefetchBatches?: number;
  /**
   * Gets told of an image that cannot be loaded; another one, drawn at random, then takes its place. Without it the error is
   * thrown.
   */
  readonly onBrokenImage?: (error: unknown, dict: DatasetDict) => void;
}

/**
 * Endless batches for training, prepared ahead. {@link state} is that after the last batch handed out: set it on a loader made
 * alike, and the same batches follow, augmentations included; the number of threads may be another.
 *
 * Threads start with an iteration and end with it: when a loop over the loader is left, or by {@link close}.
 */
export class DetectionTrainLoader implements AsyncIterable<MappedInput[]>, AsyncDisposable {
  readonly dataset: readonly DatasetDict[];
  readonly mapper: InputMapper | MapperSource;
  readonly numWorkers: number;
  readonly prefetchBatches: number;
  readonly #mappers: MapperOpener;
  readonly #planner: BatchPlanner;
  readonly #onBrokenImage: DetectionTrainLoaderOptions["onBrokenImage"];
  #state: BatchPlannerState;

  /** @throws EmptyDatasetError when there is no image; DataOptionError for threads without a {@link MapperSource}. */
  constructor(options: DetectionTrainLoaderOptions) {
    const { dataset, sampler, totalBatchSize, aspectRatioGrouping = true, seed } = options;
    if (dataset.length === 0) throw new EmptyDatasetError([], "the dataset is empty");
    this.dataset = dataset;
    this.mapper = options.mapper;
    this.numWorkers = options.numWorkers ?? 0;
    this.prefetchBatches = options.prefetchBatches ?? Math.max(DEFAULT_PREFETCH, this.numWorkers);
    this.#mappers = new MapperOpener(options.mapper, options);
    this.#onBrokenImage = options.onBrokenImage;
    this.#planner = new BatchPlanner({
      sampler,
      batchSize: totalBatchSize,
      seed,
      ...(aspectRatioGrouping && { groupOf: (index) => aspectRatioGroup(dataset[index]) }),
    });
    this.#state = this.#planner.state;
  }

  /** Where the stream of batches stands; plain data, fit for JSON. */
  get state(): BatchPlannerState {
    return this.#state;
  }

  /**
   * Takes effect where iteration begins next.
   *
   * @throws DataOptionError when it is no state of a loader of so many images.
   */
  set state(state: BatchPlannerState) {
    checkPlannerState(state, this.dataset.length);
    this.#state = state;
  }

  /** Goes on from {@link state}. One iteration at a time. */
  async *[Symbol.asyncIterator](): AsyncGenerator<MappedInput[], void, undefined> {
    this.#planner.state = this.#state;
    await using mapper = this.#mappers.open();
    for await (const { batch, state } of prefetch(this.#jobs(mapper), this.prefetchBatches)) {
      this.#state = state;
      yield batch;
    }
  }

  /** Ends the threads of iterations that were begun and not finished; asking those for more fails with WorkerExitError. */
  close(): Promise<void> {
    return this.#mappers.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  *#jobs(mapper: OpenMapper): IterableIterator<() => Promise<LoadedBatch>> {
    for (;;) {
      const samples = this.#planner.next();
      const { state } = this.#planner;
      yield async () => ({
        batch: await Promise.all(samples.map((sample) => this.#load(mapper, sample))),
        state,
      });
    }
  }

  async #load(mapper: OpenMapper, { index, seed }: PlannedSample): Promise<MappedInput> {
    const random = new Generator(seed);
    let dict = this.dataset[index];
    for (let attempt = 1; ; attempt++) {
      try {
        return await mapper.map(dict, random);
      } catch (error) {
        const replaceable = this.#onBrokenImage && attempt <= REPLACEMENT_ATTEMPTS;
        if (!replaceable || isNotOfImage(error)) throw error;
        this.#onBrokenImage(error, dict);
        dict = this.dataset[random.nextInt(this.dataset.length)];
      }
    }
  }
}

/** Whether another image would not fare better. */
function isNotOfImage(error: unknown): boolean {
  return error instanceof MapperSourceError || error instanceof WorkerExitError;
}

/** A batch, and where the stream stands after it. */
interface LoadedBatch {
  readonly batch: MappedInput[];
  readonly state: BatchPlannerState;
}

/** Options of {@link DetectionTestLoader}. */
export interface DetectionTestLoaderOptions extends WorkerOptions {
  readonly dataset: readonly DatasetDict[];
  /** What makes inputs of images, or how to make it. */
  readonly mapper: InputMapper | MapperSource;
  /** The images to load, all of them in order by default. */
  readonly sampler?: InferenceSampler;
  /** Images per batch, 1 by default; the last batch may be smaller. */
  readonly batchSize?: number;
  /** Batches that are prepared while one is used; 2 by default, or the number of threads if that is greater. */
  readonly prefetchBatches?: number;
}

/** Every image of a dataset once, in order, prepared ahead. Threads, if any, live as long as an iteration. */
export class DetectionTestLoader implements AsyncIterable<MappedInput[]>, AsyncDisposable {
  readonly dataset: readonly DatasetDict[];
  readonly mapper: InputMapper | MapperSource;
  readonly batchSize: number;
  readonly numWorkers: number;
  readonly prefetchBatches: number;
  readonly #mappers: MapperOpener;
  readonly #sampler: InferenceSampler;

  /** @throws DataOptionError for a batch of no image, or for threads without a {@link MapperSource}. */
  constructor(options: DetectionTestLoaderOptions) {
    const { dataset, mapper, batchSize = 1 } = options;
    if (!(Number.isInteger(batchSize) && batchSize > 0)) {
      throw new DataOptionError("batchSize", batchSize, "a positive integer");
    }
    this.dataset = dataset;
    this.mapper = mapper;
    this.batchSize = batchSize;
    this.numWorkers = options.numWorkers ?? 0;
    this.prefetchBatches = options.prefetchBatches ?? Math.max(DEFAULT_PREFETCH, this.numWorkers);
    this.#mappers = new MapperOpener(mapper, options);
    this.#sampler = options.sampler ?? new InferenceSampler({ size: dataset.length });
  }

  /** Number of batches. */
  get length(): number {
    return Math.ceil(this.#sampler.length / this.batchSize);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MappedInput[], void, undefined> {
    await using mapper = this.#mappers.open(this.#sampler.length);
    yield* prefetch(this.#jobs(mapper), this.prefetchBatches);
  }

  /** Ends the threads of iterations that were begun and not finished; asking those for more fails with WorkerExitError. */
  close(): Promise<void> {
    return this.#mappers.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  *#jobs(mapper: OpenMapper): IterableIterator<() => Promise<MappedInput[]>> {
    const indices = [...this.#sampler];
    for (let start = 0; start < indices.length; start += this.batchSize) {
      const batch = indices.slice(start, start + this.batchSize);
      yield () => Promise.all(batch.map((index) => mapper.map(this.dataset[index])));
    }
  }
}
