import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getCfg } from "@detectron-ts/config";
import { BoxMode } from "@detectron-ts/structures";
import ndarray from "ndarray";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  buildDetectionTestLoader,
  buildDetectionTrainLoader,
  DataOptionError,
  DatasetCatalog,
  DetectionTestLoader,
  DetectionTrainLoader,
  EmptyDatasetError,
  getDetectionDatasetDicts,
  type InputMapper,
  MetadataCatalog,
  MetadataError,
  TrainingSampler,
  type DatasetDict,
  type DetectionTrainLoaderOptions,
  type MappedInput,
} from "../src/index.ts";
import { temporaryFolder, writePicture } from "./support.ts";

const annotation = { bbox: [1, 1, 20, 20], bboxMode: BoxMode.XYXY_ABS, categoryId: 0 };
const dicts = Array.from({ length: 10 }, (_, i): DatasetDict => ({
  fileName: `${i}.png`,
  imageId: i,
  height: 30,
  width: i % 2 === 0 ? 40 : 20,
}));

/** Draws one number per image, which stands for its augmentation, and counts what is under way. */
function countingMapper(options: { broken?: number; delay?: (id: number) => number } = {}) {
  const counts = { started: 0, active: 0 };
  const mapper: InputMapper = {
    async map({ fileName, imageId }, random) {
      counts.started++;
      counts.active++;
      const drawn = random?.next() ?? 0;
      await new Promise((resolve) => setTimeout(resolve, options.delay?.(Number(imageId)) ?? 0));
      counts.active--;
      if (imageId === options.broken) throw new Error(`cannot read ${fileName}`);
      const image = ndarray(Uint8Array.of(drawn * 256), [1, 1, 1]);
      return { fileName, imageId, height: 1, width: 1, image };
    },
  };
  return { mapper, counts };
}

function trainLoader(options: Partial<DetectionTrainLoaderOptions> = {}): DetectionTrainLoader {
  return new DetectionTrainLoader({
    dataset: dicts,
    mapper: countingMapper().mapper,
    sampler: new TrainingSampler({ size: dicts.length, seed: 1 }),
    totalBatchSize: 2,
    seed: 1,
    ...options,
  });
}

async function take(loader: AsyncIterable<MappedInput[]>, count: number): Promise<MappedInput[][]> {
  const batches: MappedInput[][] = [];
  if (count === 0) return batches;
  for await (const batch of loader) {
    batches.push(batch);
    if (batches.length === count) break;
  }
  return batches;
}

/** Ids and augmentations of batches. */
const summary = (batches: readonly MappedInput[][]) =>
  batches.map((batch) => batch.map(({ imageId, image }) => [imageId, image.data[0]]));

describe("DetectionTrainLoader", () => {
  it("fills batches with images that are all wide or all tall", async () => {
    for (const batch of await take(trainLoader(), 20)) {
      expect(new Set(batch.map(({ imageId }) => Number(imageId) % 2)).size).toBe(1);
    }
    const mixed = await take(trainLoader({ aspectRatioGrouping: false }), 20);
    expect(mixed.some(([a, b]) => Number(a.imageId) % 2 !== Number(b.imageId) % 2)).toBe(true);
  });

  it("gives the same batches whichever image is loaded first", async () => {
    const { mapper } = countingMapper({ delay: (id) => (id * 7) % 5 });
    const slow = await take(trainLoader({ mapper, prefetchBatches: 4 }), 8);
    const plain = await take(trainLoader({ prefetchBatches: 0 }), 8);
    expect(summary(slow)).toEqual(summary(plain));
  });

  it.each([0, 1, 5])("goes on after %d batches as if it had not stopped", async (done) => {
    const whole = summary(await take(trainLoader(), done + 6));
    const interrupted = trainLoader();
    await take(interrupted, done);
    const resumed = trainLoader({ sampler: new TrainingSampler({ size: 10, seed: 50 }), seed: 51 });
    const state: unknown = JSON.parse(JSON.stringify(interrupted.state));
    resumed.state = state as typeof interrupted.state;
    expect(summary(await take(resumed, 6))).toEqual(whole.slice(done));
    expect(summary(await take(interrupted, 6))).toEqual(whole.slice(done));
  });

  it.each([
    ["nothing", () => null],
    ["another form", () => ({ sampler: {}, seeds: {}, pending: [] })],
    ["a generator of three words", (state: object) => ({ ...state, seeds: { words: [1, 2, 3] } })],
    [
      "an image that there is not",
      (state: object) => ({ ...state, pending: [[{ index: 10, seed: 1 }]] }),
    ],
  ])("refuses a state of %s, and stays where it is", (_, change) => {
    const loader = trainLoader();
    const before = loader.state;
    // As if it came from a file.
    const state: unknown = change(before);
    expect(() => (loader.state = state as typeof before)).toThrow(DataOptionError);
    expect(loader.state).toBe(before);
  });

  it("refuses a state beyond the end of a round", async () => {
    const loader = trainLoader();
    const { sampler } = loader.state;
    loader.state = { ...loader.state, sampler: { ...sampler, position: 11 } };
    await expect(loader[Symbol.asyncIterator]().next()).rejects.toThrow("Got 11 for position");
  });

  it("prepares no more than a bounded number of batches ahead", async () => {
    const { mapper, counts } = countingMapper();
    let used = 0;
    for await (const batch of trainLoader({ mapper, prefetchBatches: 3 })) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      used += batch.length;
      expect(counts.started - used).toBeLessThanOrEqual(3 * 2);
      if (used >= 20) break;
    }
    expect(counts.active).toBe(0);
  });

  it("throws what the mapper throws, or replaces the image if asked to", async () => {
    const { mapper } = countingMapper({ broken: 4 });
    await expect(take(trainLoader({ mapper }), 10)).rejects.toThrow("cannot read 4.png");
    const broken: (number | string)[] = [];
    const loader = trainLoader({
      mapper,
      onBrokenImage: (_, { imageId }) => broken.push(imageId),
    });
    const batches = await take(loader, 10);
    expect(batches.every((batch) => batch.length === 2)).toBe(true);
    expect(broken.length).toBeGreaterThan(0);
    expect(new Set(broken)).toEqual(new Set([4]));
  });

  it("gives up when no image can be loaded", async () => {
    const mapper: InputMapper = { map: () => Promise.reject(new Error("no disk")) };
    const loader = trainLoader({ mapper, onBrokenImage: () => {} });
    await expect(take(loader, 1)).rejects.toThrow("no disk");
    expect(() => trainLoader({ dataset: [] })).toThrow(EmptyDatasetError);
  });
});

describe("DetectionTestLoader", () => {
  it("gives every image once and in order, the last batch smaller", async () => {
    const { mapper } = countingMapper({ delay: (id) => 10 - id });
    const loader = new DetectionTestLoader({ dataset: dicts, mapper, batchSize: 4 });
    expect(loader.length).toBe(3);
    const batches = await take(loader, 99);
    expect(batches.map((batch) => batch.length)).toEqual([4, 4, 2]);
    expect(batches.flat().map(({ imageId }) => imageId)).toEqual(
      dicts.map(({ imageId }) => imageId),
    );
    expect(await take(new DetectionTestLoader({ dataset: [], mapper }), 9)).toEqual([]);
    expect(() => new DetectionTestLoader({ dataset: dicts, mapper, batchSize: 0 })).toThrow(
      DataOptionError,
    );
  });
});

describe("loaders of a config", () => {
  let folder: string;
  const names = ["loaders-a", "loaders-b", "loaders-empty", "loaders-crowd"];
  beforeAll(async () => {
    folder = await temporaryFolder();
    const fileName = await writePicture(folder, "a.png", 30, 40);
    const objects = { fileName, imageId: 1, height: 30, width: 40, annotations: [annotation] };
    const crowd = { ...objects, imageId: 2, annotations: [{ ...annotation, iscrowd: 1 as const }] };
    DatasetCatalog.register("loaders-a", () => [objects, crowd, { ...objects, imageId: 3 }]);
    DatasetCatalog.register("loaders-b", () => [{ ...objects, imageId: 4 }]);
    DatasetCatalog.register("loaders-empty", () => []);
    DatasetCatalog.register("loaders-crowd", () => [crowd]);
    MetadataCatalog.get("loaders-a").set({ thingClasses: ["cat"] });
  });
  afterAll(() => {
    for (const name of names) DatasetCatalog.remove(name);
  });

  it("read the datasets that it names, without images of crowds alone", async () => {
    const all = await getDetectionDatasetDicts(["loaders-a", "loaders-b"]);
    expect(all.map(({ imageId }) => imageId)).toEqual([1, 3, 4]);
    expect(await getDetectionDatasetDicts(["loaders-a"], { filterEmpty: false })).toHaveLength(3);
    await expect(getDetectionDatasetDicts(["loaders-empty"])).rejects.toThrow(EmptyDatasetError);
    await expect(getDetectionDatasetDicts(["loaders-crowd"])).rejects.toThrow("none of 1 images");
    await expect(getDetectionDatasetDicts(["loaders-a"], { minKeypoints: 1 })).rejects.toThrow(
      EmptyDatasetError,
    );
    MetadataCatalog.get("loaders-b").set({ thingClasses: ["dog"] });
    await expect(getDetectionDatasetDicts(["loaders-a", "loaders-b"])).rejects.toThrow(
      MetadataError,
    );
  });

  it("load, augment and batch", async () => {
    const cfg = getCfg();
    cfg.DATASETS.TRAIN = ["loaders-a"];
    cfg.SOLVER.IMS_PER_BATCH = 2;
    cfg.INPUT.MIN_SIZE_TRAIN = [15];
    cfg.INPUT.MIN_SIZE_TEST = 60;
    const [batch] = await take(await buildDetectionTrainLoader(cfg), 1);
    expect(batch.map(({ image }) => image.shape)).toEqual([
      [3, 15, 20],
      [3, 15, 20],
    ]);
    expect(batch[0].instances?.length).toBe(1);
    const test = await take(await buildDetectionTestLoader(cfg, "loaders-a"), 9);
    expect(test).toHaveLength(3);
    expect(test[0][0].image.shape).toEqual([3, 60, 80]);
    expect(test[0][0].instances).toBeUndefined();
    cfg.DATALOADER.SAMPLER_TRAIN = "RepeatFactorTrainingSampler";
    expect(await take(await buildDetectionTrainLoader(cfg), 1)).toHaveLength(1);
    cfg.DATALOADER.SAMPLER_TRAIN = "Sampler";
    await expect(buildDetectionTrainLoader(cfg)).rejects.toThrow(DataOptionError);
  });

  it("name the file that is cut short", async () => {
    const fileName = join(folder, "cut.png");
    await writeFile(fileName, Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"));
    const dataset = [{ fileName, imageId: 1, annotations: [annotation] }];
    const loader = await buildDetectionTestLoader(getCfg(), "loaders-a", { dataset });
    await expect(take(loader, 1)).rejects.toThrow("cut.png");
  });
});
