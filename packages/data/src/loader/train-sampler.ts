import type { Config } from "@detectron-ts/config";

import type { DatasetDict } from "../dataset-dict.ts";
import { DataOptionError } from "../errors.ts";
import { oneOf } from "../mapper/build-augmentation.ts";
import {
  RandomSubsetTrainingSampler,
  repeatFactorsFromCategoryFrequency,
  RepeatFactorTrainingSampler,
  TrainingSampler,
  type TrainSampler,
} from "./samplers.ts";

/** The images of a dataset, and the name that configs know it by. */
export interface NamedDataset {
  readonly name: string;
  readonly dicts: readonly DatasetDict[];
}

const SAMPLERS = [
  "TrainingSampler",
  "RepeatFactorTrainingSampler",
  "RandomSubsetTrainingSampler",
  "WeightedTrainingSampler",
  "WeightedCategoryTrainingSampler",
] as const;

/**
 * The sampler that DATALOADER.SAMPLER_TRAIN names, for the images of some datasets one after the other.
 *
 * Three of them need a key that is in no config unless somebody adds it, as in detectron2: `RandomSubsetTrainingSampler` needs
 * DATALOADER.RANDOM_SUBSET_RATIO; `WeightedTrainingSampler` and `WeightedCategoryTrainingSampler` need
 * DATASETS.TRAIN_REPEAT_FACTOR, a list of names of datasets with how often their images come (1 for those left out).
 *
 * @throws DataOptionError for another name, or without the key.
 */
export function buildTrainSampler(cfg: Config, datasets: readonly NamedDataset[]): TrainSampler {
  const { SAMPLER_TRAIN, REPEAT_THRESHOLD, REPEAT_SQRT } = cfg.DATALOADER;
  const seed = cfg.SEED;
  const byCategory = (dicts: readonly DatasetDict[]): Float64Array =>
    repeatFactorsFromCategoryFrequency(dicts, REPEAT_THRESHOLD, REPEAT_SQRT);
  const dicts = datasets.flatMap((dataset) => dataset.dicts);
  switch (oneOf("DATALOADER.SAMPLER_TRAIN", SAMPLER_TRAIN, SAMPLERS)) {
    case "TrainingSampler":
      return new TrainingSampler({ size: dicts.length, seed });
    case "RepeatFactorTrainingSampler":
      return new RepeatFactorTrainingSampler({ repeatFactors: byCategory(dicts), seed });
    case "RandomSubsetTrainingSampler": {
      const subsetRatio = randomSubsetRatio(cfg);
      return new RandomSubsetTrainingSampler({ size: dicts.length, subsetRatio, seed });
    }
    case "WeightedTrainingSampler": {
      const factors = trainRepeatFactors(cfg);
      const repeatFactors = datasets.flatMap(({ name, dicts: { length } }) =>
        Array<number>(length).fill(factors.get(name) ?? 1),
      );
      return new RepeatFactorTrainingSampler({ repeatFactors, seed });
    }
    case "WeightedCategoryTrainingSampler": {
      const factors = trainRepeatFactors(cfg);
      const products = datasets.flatMap((dataset) => {
        const factor = factors.get(dataset.name) ?? 1;
        return Array.from(byCategory(dataset.dicts), (byClass) => byClass * factor);
      });
      const least = Math.min(...products);
      return new RepeatFactorTrainingSampler({
        repeatFactors: products.map((factor) => factor / least),
        seed,
      });
    }
  }
}

function randomSubsetRatio({ DATALOADER }: Config): number {
  const ratio = DATALOADER.has("RANDOM_SUBSET_RATIO")
    ? DATALOADER.get("RANDOM_SUBSET_RATIO")
    : undefined;
  if (typeof ratio === "number") return ratio;
  throw new DataOptionError("DATALOADER.RANDOM_SUBSET_RATIO", ratio, "a share of the images");
}

function trainRepeatFactors({ DATASETS }: Config): ReadonlyMap<string, number> {
  const key = "TRAIN_REPEAT_FACTOR";
  const pairs: unknown = DATASETS.has(key) ? DATASETS.get(key) : undefined;
  if (!Array.isArray(pairs) || !pairs.every(isFactor)) {
    throw new DataOptionError(`DATASETS.${key}`, pairs, "pairs of a dataset's name and a number");
  }
  const unknown = pairs.find(([name]) => !DATASETS.TRAIN.includes(name));
  if (unknown) {
    const wanted = `names of DATASETS.TRAIN (${DATASETS.TRAIN.join(", ")})`;
    throw new DataOptionError(`DATASETS.${key}`, unknown[0], wanted);
  }
  return new Map(pairs);
}

function isFactor(value: unknown): value is readonly [name: string, factor: number] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    typeof value[0] === "string" &&
    typeof value[1] === "number"
  );
}
