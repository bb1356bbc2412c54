import { Generator } from "@detectron-ts/nn";

import type { DatasetDict } from "../dataset-dict.ts";
import { DataOptionError, EmptyDatasetError } from "../errors.ts";
import type { DatasetMapper, MappedInput } from "../mapper/dataset-mapper.ts";
import {
  aspectRatioGroup,
  BatchPlanner,
  type BatchPlannerState,
  type PlannedSample,
} from "./batch-planner.ts";
import { prefetch } from "./prefetch.ts";
import { InferenceSampler, type TrainSampler } from "./samplers.ts";

/** What loaders need of a {@link DatasetMapper}. */
export type InputMapper = Pick<DatasetMapper, "map">;

/** How many batches are prepared while one is used. */
const DEFAULT_PREFETCH = 2;

/** Images to try in place of one that cannot be loaded before giving up: then it is not a single file that is broken. */
const REPLACEMENT_ATTEMPTS = 10;

/** Options of {@link DetectionTrainLoader}. */
export interface DetectionTrainLoaderOptions {
  readonly dataset: readonly DatasetDict[];
  readonly mapper: InputMapper;
  readonly sampler: TrainSampler;
  /** Images per batch, SOLVER.IMS_PER_BATCH. */
  readonly totalBatchSize: number;
  /** Whether batches hold either wide or tall images, true by default. */
  readonly aspectRatioGrouping?: boolean;
  /** Where the seeds of the augmentations come from. */
  readonly seed: number;
  /** Batches that are prepared while one is used, 2 by default. */
  readonly prefetchBatches?: number;
  /**
   * Gets told of an image that cannot be loaded; another one, drawn at random, then takes its place. Without it the error is
   * thrown.
   */
  readonly onBrokenImage?: (error: unknown, dict: DatasetDict) => void;
}

/**
 * Endless batches for training, prepared ahead. {@link state} is that after the last batch handed out: set it on a loader made
 * alike, and the same batches follow, augmentations included.
 */
export class DetectionTrainLoader implements AsyncIterable<MappedInput[]> {
  readonly dataset: readonly DatasetDict[];
  readonly mapper: InputMapper;
  readonly prefetchBatches: number;
  readonly #planner: BatchPlanner;
  readonly #onBrokenImage: DetectionTrainLoaderOptions["onBrokenImage"];
  #state: BatchPlannerState;

  /** @throws EmptyDatasetError when there is no image. */
  constructor(options: DetectionTrainLoaderOptions) {
    const { dataset, sampler, totalBatchSize, aspectRatioGrouping = true, seed } = options;
    if (dataset.length === 0) throw new EmptyDatasetError([], "the dataset is empty");
    this.dataset = dataset;
    this.mapper = options.mapper;
    this.prefetchBatches = options.prefetchBatches ?? DEFAULT_PREFETCH;
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

  /** Takes effect where iteration begins next. */
  set state(state: BatchPlannerState) {
    this.#state = state;
  }

  /** Goes on from {@link state}. One iteration at a time. */
  async *[Symbol.asyncIterator](): AsyncGenerator<MappedInput[], void, undefined> {
    this.#planner.state = this.#state;
    for await (const { batch, state } of prefetch(this.#jobs(), this.prefetchBatches)) {
      this.#state = state;
      yield batch;
    }
  }

  *#jobs(): IterableIterator<() => Promise<LoadedBatch>> {
    for (;;) {
      const samples = this.#planner.next();
      const { state } = this.#planner;
      yield async () => ({
        batch: await Promise.all(samples.map((sample) => this.#load(sample))),
        state,
      });
    }
  }

  async #load({ index, seed }: PlannedSample): Promise<MappedInput> {
    const random = new Generator(seed);
    let dict = this.dataset[index];
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.mapper.map(dict, random);
      } catch (error) {
        if (!this.#onBrokenImage || attempt > REPLACEMENT_ATTEMPTS) throw error;
        this.#onBrokenImage(error, dict);
        dict = this.dataset[random.nextInt(this.dataset.length)];
      }
    }
  }
}

/** A batch, and where the stream stands after it. */
interface LoadedBatch {
  readonly batch: MappedInput[];
  readonly state: BatchPlannerState;
}

/** Options of {@link DetectionTestLoader}. */
export interface DetectionTestLoaderOptions {
  readonly dataset: readonly DatasetDict[];
  readonly mapper: InputMapper;
  /** The images to load, all of them in order by default. */
  readonly sampler?: InferenceSampler;
  /** Images per batch, 1 by default; the last batch may be smaller. */
  readonly batchSize?: number;
  /** Batches that are prepared while one is used, 2 by default. */
  readonly prefetchBatches?: number;
}

/** Every image of a dataset once, in order, prepared ahead. */
export class DetectionTestLoader implements AsyncIterable<MappedInput[]> {
  readonly dataset: readonly DatasetDict[];
  readonly mapper: InputMapper;
  readonly batchSize: number;
  readonly prefetchBatches: number;
  readonly #sampler: InferenceSampler;

  constructor(options: DetectionTestLoaderOptions) {
    const { dataset, mapper, batchSize = 1 } = options;
    if (!(Number.isInteger(batchSize) && batchSize > 0)) {
      throw new DataOptionError("batchSize", batchSize, "a positive integer");
    }
    this.dataset = dataset;
    this.mapper = mapper;
    this.batchSize = batchSize;
    this.prefetchBatches = options.prefetchBatches ?? DEFAULT_PREFETCH;
    this.#sampler = options.sampler ?? new InferenceSampler({ size: dataset.length });
  }

  /** Number of batches. */
  get length(): number {
    return Math.ceil(this.#sampler.length / this.batchSize);
  }

  [Symbol.asyncIterator](): AsyncGenerator<MappedInput[], void, undefined> {
    return prefetch(this.#jobs(), this.prefetchBatches);
  }

  *#jobs(): IterableIterator<() => Promise<MappedInput[]>> {
    const indices = [...this.#sampler];
    for (let start = 0; start < indices.length; start += this.batchSize) {
      const batch = indices.slice(start, start + this.batchSize);
      yield () => Promise.all(batch.map((index) => this.mapper.map(this.dataset[index])));
    }
  }
}
