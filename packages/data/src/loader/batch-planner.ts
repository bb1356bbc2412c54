import { Generator, type GeneratorState } from "@detectron-ts/nn";

import type { DatasetDict } from "../dataset-dict.ts";
import { DataOptionError } from "../errors.ts";
import type { SamplerState, TrainSampler } from "./samplers.ts";

/** An image to load, and the seed of its augmentations. */
export interface PlannedSample {
  readonly index: number;
  readonly seed: number;
}

/** Where a {@link BatchPlanner} stands; plain data, fit for JSON. */
export interface BatchPlannerState {
  readonly sampler: SamplerState;
  readonly seeds: GeneratorState;
  /** The samples that wait for their batch to fill. */
  readonly pending: readonly (readonly PlannedSample[])[];
}

/** Options of {@link BatchPlanner}. */
export interface BatchPlannerOptions {
  readonly sampler: TrainSampler;
  readonly batchSize: number;
  /** The group of an image, a small number; batches never mix groups. One group by default. */
  readonly groupOf?: (index: number) => number;
  /** Where the seeds of the augmentations come from. */
  readonly seed: number;
}

/**
 * Decides which images make up the batches, ahead of loading them. All that is random is decided here, in order, so that a
 * run does not depend on which image is loaded first, and can be taken up again from a few numbers.
 */
export class BatchPlanner {
  readonly batchSize: number;
  readonly #sampler: TrainSampler;
  readonly #groupOf: (index: number) => number;
  readonly #seeds: Generator;
  #pending: PlannedSample[][] = [];

  constructor({ sampler, batchSize, groupOf = () => 0, seed }: BatchPlannerOptions) {
    if (!(Number.isInteger(batchSize) && batchSize > 0)) {
      throw new DataOptionError("batchSize", batchSize, "a positive integer");
    }
    this.batchSize = batchSize;
    this.#sampler = sampler;
    this.#groupOf = groupOf;
    this.#seeds = new Generator(seed);
  }

  /** The next batch: the first group to fill. */
  next(): readonly PlannedSample[] {
    for (;;) {
      const index = this.#sampler.next();
      const group = this.#groupOf(index);
      const waiting = (this.#pending[group] ??= []);
      waiting.push({ index, seed: this.#seeds.nextUint32() });
      if (waiting.length === this.batchSize) {
        this.#pending[group] = [];
        return waiting;
      }
    }
  }

  get state(): BatchPlannerState {
    return {
      sampler: this.#sampler.state,
      seeds: this.#seeds.state,
      pending: Array.from(this.#pending, (group) => [...(group ?? [])]),
    };
  }

  set state({ sampler, seeds, pending }: BatchPlannerState) {
    this.#sampler.state = sampler;
    this.#seeds.state = seeds;
    this.#pending = pending.map((group) => [...group]);
  }
}

/**
 * Checks that a value, which may come from a file, is a planner's state.
 *
 * @param size - number of images that there are.
 * @throws DataOptionError when it has another form, or names an image that there is not.
 */
export function checkPlannerState(
  state: unknown,
  size: number,
): asserts state is BatchPlannerState {
  const { sampler, seeds, pending } = recordOf(state);
  const { generator, position } = recordOf(sampler);
  const isSample = (sample: unknown): boolean => {
    const { index, seed } = recordOf(sample);
    return isWhole(index) && index < size && isWhole(seed);
  };
  const isGroup = (group: unknown): boolean => Array.isArray(group) && group.every(isSample);
  const fits =
    [generator, seeds].every(isGeneratorState) &&
    isWhole(position) &&
    Array.isArray(pending) &&
    pending.every(isGroup);
  if (!fits) {
    throw new DataOptionError("state", state, `where a loader of ${size} images may stand`);
  }
}

function isGeneratorState(value: unknown): boolean {
  const { words, spareNormal } = recordOf(value);
  const isSpare = spareNormal === null || typeof spareNormal === "number";
  return Array.isArray(words) && words.length === 4 && words.every(isWhole) && isSpare;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** The value's entries; none of what is no object. */
function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** Groups images into wide ones and the rest, by the sizes that the dataset says. Mirrors `AspectRatioGroupedDataset`. */
export function aspectRatioGroup({ width = 0, height = 0 }: DatasetDict): number {
  return width > height ? 0 : 1;
}
