import { getCfg } from "@detectron-ts/config";
import { describe, expect, it } from "vitest";

import {
  BatchPlanner,
  buildTrainSampler,
  DataOptionError,
  InferenceSampler,
  RandomSubsetTrainingSampler,
  repeatFactorsFromCategoryFrequency,
  RepeatFactorTrainingSampler,
  TrainingSampler,
  type DatasetDict,
  type TrainSampler,
} from "../src/index.ts";

const take = (sampler: TrainSampler, count: number) =>
  Array.from({ length: count }, () => sampler.next());
const sorted = (indices: readonly number[]) => [...indices].sort((a, b) => a - b);

describe("TrainingSampler", () => {
  it("hands out every image once a round, each round in another order", () => {
    const sampler = new TrainingSampler({ size: 20, seed: 3 });
    const [first, second] = [take(sampler, 20), take(sampler, 20)];
    expect(sorted(first)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(sorted(second)).toEqual(sorted(first));
    expect(second).not.toEqual(first);
  });

  it("follows from its seed, also a negative one", () => {
    const stream = (seed: number) => take(new TrainingSampler({ size: 9, seed }), 30);
    expect(stream(-1)).toEqual(stream(-1));
    expect(stream(-1)).not.toEqual(stream(1));
  });

  it("keeps the order without shuffling", () => {
    const sampler = new TrainingSampler({ size: 3, seed: 0, shuffle: false });
    expect(take(sampler, 7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  it.each([0, 5, 8, 11])(
    "goes on after %d indices from a state that went through JSON",
    (count) => {
      const sampler = new TrainingSampler({ size: 8, seed: 5 });
      take(sampler, count);
      const state: unknown = JSON.parse(JSON.stringify(sampler.state));
      const resumed = new TrainingSampler({ size: 8, seed: 99 });
      resumed.state = state as typeof sampler.state;
      expect(take(resumed, 30)).toEqual(take(sampler, 30));
    },
  );

  it("refuses a dataset without images", () => {
    expect(() => new TrainingSampler({ size: 0, seed: 0 })).toThrow(DataOptionError);
  });
});

describe("RandomSubsetTrainingSampler", () => {
  it("stays within the part that its seed chose", () => {
    const sampler = new RandomSubsetTrainingSampler({ size: 10, subsetRatio: 0.35, seed: 2 });
    expect(sampler.subset).toHaveLength(3);
    const round = sorted([...sampler.subset]);
    expect(sorted(take(sampler, 3))).toEqual(round);
    expect(sorted(take(sampler, 3))).toEqual(round);
    const none = { size: 2, subsetRatio: 0.1, seed: 0 };
    expect(() => new RandomSubsetTrainingSampler(none)).toThrow(DataOptionError);
  });
});

describe("RepeatFactorTrainingSampler", () => {
  const dict = (...categories: number[]): DatasetDict => ({
    fileName: "",
    imageId: 0,
    annotations: categories.map((categoryId) => ({ bbox: [], bboxMode: 0, categoryId })),
  });

  it("repeats images by their rarest class, by the root of threshold over frequency", () => {
    const dicts = [dict(0, 1), dict(0), dict(0), dict()];
    const factors = repeatFactorsFromCategoryFrequency(dicts, 0.5);
    expect([...factors]).toEqual([Math.sqrt(2), 1, 1, 1]);
    expect(repeatFactorsFromCategoryFrequency(dicts, 0.5, false)[0]).toBe(2);
    const { annotations: _, ...bare } = dict();
    expect([...repeatFactorsFromCategoryFrequency([bare], 0.5)]).toEqual([1]);
  });

  it("gives the fraction of a factor its share of the rounds", () => {
    const sampler = new RepeatFactorTrainingSampler({ repeatFactors: [1.5, 1], seed: 1 });
    const counts = [0, 0];
    for (const index of take(sampler, 2500)) counts[index]++;
    expect(counts[0] / counts[1]).toBeGreaterThan(1.4);
    expect(counts[0] / counts[1]).toBeLessThan(1.6);
    const never = (...repeatFactors: number[]) =>
      expect(() => new RepeatFactorTrainingSampler({ repeatFactors, seed: 1 })).toThrow(
        DataOptionError,
      );
    never(1, -0.5);
    never(0, 0);
    never(1, NaN);
  });

  it("never has a round without images, however small the factors", () => {
    const sampler = new RepeatFactorTrainingSampler({ repeatFactors: [0.01, 0.02, 0], seed: 1 });
    const counts = [0, 0, 0];
    for (const index of take(sampler, 300)) counts[index]++;
    expect(counts[1]).toBeGreaterThan(counts[0]);
    expect(counts[2]).toBe(0);
  });

  it("goes on from a state", () => {
    const options = { repeatFactors: [1.5, 2.2, 1], seed: 4 };
    const sampler = new RepeatFactorTrainingSampler(options);
    take(sampler, 13);
    const resumed = new RepeatFactorTrainingSampler(options);
    resumed.state = sampler.state;
    expect(take(resumed, 20)).toEqual(take(sampler, 20));
  });
});

describe("buildTrainSampler", () => {
  const dict = (...categories: number[]): DatasetDict => ({
    fileName: "",
    imageId: 0,
    annotations: categories.map((categoryId) => ({ bbox: [], bboxMode: 0, categoryId })),
  });
  const datasets = [
    { name: "a", dicts: [dict(0, 1), dict(0), dict(0), dict(0)] },
    { name: "b", dicts: [dict(1), dict(1), dict(0, 1)] },
  ];
  const config = (name: string, more: Record<string, unknown> = {}) => {
    const cfg = getCfg();
    cfg.DATASETS.TRAIN = ["a", "b"];
    cfg.DATALOADER.SAMPLER_TRAIN = name;
    cfg.DATALOADER.REPEAT_THRESHOLD = 0.5;
    Object.assign(cfg.DATASETS, more);
    return cfg;
  };
  const TRAIN_REPEAT_FACTOR = [
    ["a", 2],
    ["b", 0.5],
  ];
  const factorsOf = (name: string) => {
    const sampler = buildTrainSampler(config(name, { TRAIN_REPEAT_FACTOR }), datasets);
    return sampler instanceof RepeatFactorTrainingSampler ? [...sampler.repeatFactors] : [];
  };

  it("weighs datasets, and their classes, as detectron2 recorded it", () => {
    expect(factorsOf("WeightedTrainingSampler")).toEqual([2, 2, 2, 2, 0.5, 0.5, 0.5]);
    const recorded = [5.656854152679443, 4, 4, 4, 1, 1, 1.2247449159622192];
    factorsOf("WeightedCategoryTrainingSampler").forEach((factor, i) => {
      expect(factor).toBeCloseTo(recorded[i], 6);
    });
  });

  it("makes those that need no key of their own", () => {
    expect(buildTrainSampler(config("TrainingSampler"), datasets)).toBeInstanceOf(TrainingSampler);
    const byClass = buildTrainSampler(config("RepeatFactorTrainingSampler"), datasets);
    expect(byClass).toBeInstanceOf(RepeatFactorTrainingSampler);
  });

  it("takes a share of the images where the config says which", () => {
    const cfg = config("RandomSubsetTrainingSampler");
    expect(() => buildTrainSampler(cfg, datasets)).toThrow("DATALOADER.RANDOM_SUBSET_RATIO");
    Object.assign(cfg.DATALOADER, { RANDOM_SUBSET_RATIO: 0.5 });
    const sampler = buildTrainSampler(cfg, datasets);
    expect(sampler instanceof RandomSubsetTrainingSampler && sampler.subset).toHaveLength(3);
  });

  it.each([
    ["no factors", undefined],
    ["factors that are no pairs", ["a", 2]],
    ["factors of a dataset that is not trained on", [["c", 2]]],
  ])("refuses %s", (_, factors) => {
    const cfg = config("WeightedTrainingSampler", factors && { TRAIN_REPEAT_FACTOR: factors });
    expect(() => buildTrainSampler(cfg, datasets)).toThrow("DATASETS.TRAIN_REPEAT_FACTOR");
  });
});

describe("InferenceSampler", () => {
  it.each([
    [42, 4, [11, 11, 10, 10]],
    [2, 4, [1, 1, 0, 0]],
    [0, 2, [0, 0]],
  ])("divides %d images into %d parts", (size, worldSize, lengths) => {
    const parts = lengths.map((_, rank) => new InferenceSampler({ size, rank, worldSize }));
    expect(parts.map(({ length }) => length)).toEqual(lengths);
    expect(parts.flatMap((part) => [...part])).toEqual(Array.from({ length: size }, (_, i) => i));
  });
});

describe("BatchPlanner", () => {
  const planner = () =>
    new BatchPlanner({
      sampler: new TrainingSampler({ size: 10, seed: 1, shuffle: false }),
      batchSize: 2,
      groupOf: (index) => (index % 3 === 0 ? 0 : 1),
      seed: 7,
    });

  it("never mixes groups, and hands out the group that fills first", () => {
    const plan = planner();
    const batches = Array.from({ length: 4 }, () => plan.next().map(({ index }) => index));
    expect(batches).toEqual([
      [1, 2],
      [0, 3],
      [4, 5],
      [7, 8],
    ]);
  });

  it("goes on from a state, half-filled groups and seeds included", () => {
    const plan = planner();
    plan.next();
    const resumed = planner();
    resumed.state = plan.state;
    for (let i = 0; i < 10; i++) expect(resumed.next()).toEqual(plan.next());
  });

  it("refuses batches of no image", () => {
    const sampler = new TrainingSampler({ size: 1, seed: 0 });
    expect(() => new BatchPlanner({ sampler, batchSize: 0, seed: 0 })).toThrow(DataOptionError);
  });
});
