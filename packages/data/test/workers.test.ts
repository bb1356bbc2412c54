import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getCfg } from "@detectron-ts/config";
import { CorruptImageError, ImageNotFoundError, readImage, writeImage } from "@detectron-ts/image";
import { BoxMode } from "@detectron-ts/structures";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  buildDetectionTestLoader,
  buildDetectionTrainLoader,
  DataOptionError,
  DatasetCatalog,
  DatasetMapper,
  DetectionTestLoader,
  DetectionTrainLoader,
  MapperSourceError,
  MetadataCatalog,
  SizeMismatchError,
  TrainingSampler,
  UntransferableError,
  WorkerError,
  WorkerExitError,
  type DatasetDict,
  type DetectionTrainLoaderOptions,
  type MappedInput,
  type MapperSource,
} from "../src/index.ts";
import { picture, temporaryFolder } from "./support.ts";

const module = new URL("./fixtures/mappers.ts", import.meta.url);

let folder: string;
let dataset: DatasetDict[];
beforeAll(async () => {
  folder = await temporaryFolder();
  dataset = await Promise.all(
    Array.from({ length: 7 }, async (_, i): Promise<DatasetDict> => {
      const [height, width] = i % 2 === 0 ? [30, 40] : [36, 24];
      const fileName = join(folder, `${i}.png`);
      await writeImage(
        fileName,
        picture(height, width, (x, y) => (x * 5 + y * 3 + i * 40) % 256),
      );
      const annotations = [0, 1, 2].slice(0, i % 4).map((k) => ({
        bbox: [2 + k, 3, 12 + k, 18],
        bboxMode: BoxMode.XYXY_ABS,
        categoryId: k,
        segmentation: [[2 + k, 3, 12 + k, 3, 12 + k, 18]],
        keypoints: [4, 5, 2, 8, 9, 1],
      }));
      return { fileName, imageId: i, height, width, annotations };
    }),
  );
  DatasetCatalog.register("workers-train", () => dataset);
  MetadataCatalog.get("workers-train").set({
    keypointNames: ["left", "right"],
    keypointFlipMap: [["left", "right"]],
  });
});
afterAll(() => DatasetCatalog.remove("workers-train"));

async function take<Input>(loader: AsyncIterable<Input[]>, count: number): Promise<Input[][]> {
  const batches: Input[][] = [];
  for await (const batch of loader) {
    batches.push(batch);
    if (batches.length === count) break;
  }
  return batches;
}

function trainLoader(options: Partial<DetectionTrainLoaderOptions> = {}): DetectionTrainLoader {
  return new DetectionTrainLoader({
    dataset,
    mapper: { module, argument: [20, 50] },
    sampler: new TrainingSampler({ size: dataset.length, seed: 3 }),
    totalBatchSize: 2,
    seed: 4,
    ...options,
  });
}

/** The one input of a dataset of one image, mapped in a thread. */
async function mapInThread(exportName: string, dict: DatasetDict = dataset[0]) {
  const loader = new DetectionTestLoader({
    dataset: [dict],
    mapper: { module, exportName },
    numWorkers: 1,
  });
  const [[input]] = await take(loader, 1);
  return input;
}

/** What a thread throws for images that cannot be mapped, in their order. */
async function errorsOf(
  dicts: readonly DatasetDict[],
  mapper: MapperSource = { module, argument: [20, 50] },
): Promise<Error[]> {
  const errors = new Map<unknown, Error>();
  const loader = trainLoader({
    dataset: dicts,
    mapper,
    sampler: new TrainingSampler({ size: dicts.length, seed: 1 }),
    numWorkers: 1,
    prefetchBatches: 0,
    onBrokenImage: (error, { imageId }) => {
      if (error instanceof Error) errors.set(imageId, error);
    },
  });
  await expect(take(loader, 1)).rejects.toThrow(Error);
  return dicts.map(({ imageId }) => errors.get(imageId) ?? expect.unreachable(String(imageId)));
}

/** All numbers of an input. */
const content = ({ imageId, height, width, image, instances }: MappedInput) => ({
  imageId,
  size: [height, width],
  shape: image.shape,
  pixels: image.data,
  fields: instances?.fields(),
});
const contents = (batches: readonly MappedInput[][]) => batches.map((batch) => batch.map(content));

describe("threads of a train loader", () => {
  it("give bit for bit the batches of the calling thread, in the same order", async () => {
    const here = contents(await take(trainLoader(), 8));
    expect(here.flat().some(({ fields }) => fields?.gtMasks)).toBe(true);
    for (const numWorkers of [1, 2]) {
      expect(contents(await take(trainLoader({ numWorkers }), 8))).toEqual(here);
    }
  });

  it("go on where a loader without threads has stopped", async () => {
    const whole = contents(await take(trainLoader(), 6));
    const interrupted = trainLoader();
    await take(interrupted, 2);
    const resumed = trainLoader({ numWorkers: 1, seed: 99 });
    resumed.state = interrupted.state;
    expect(contents(await take(resumed, 2))).toEqual(whole.slice(2, 4));
    expect(contents(await take(resumed, 2))).toEqual(whole.slice(4));
  });

  it("replace broken images by those that the calling thread would take", async () => {
    const broken = { ...dataset[2], fileName: join(folder, "missing.png") };
    const options = { dataset: dataset.with(2, broken) };
    const replaced = async (numWorkers: number) => {
      const names: unknown[] = [];
      const onBrokenImage = (error: unknown, { fileName }: DatasetDict): void => {
        names.push(error instanceof ImageNotFoundError, fileName);
      };
      const loader = trainLoader({ ...options, numWorkers, onBrokenImage });
      return { batches: contents(await take(loader, 8)), names: names.slice(0, 2) };
    };
    const here = await replaced(0);
    expect(here.names).toEqual([true, broken.fileName]);
    expect(await replaced(1)).toEqual(here);
  });

  it("map as a config says, metadata and all", async () => {
    const cfg = getCfg();
    cfg.DATASETS.TRAIN = ["workers-train"];
    cfg.SOLVER.IMS_PER_BATCH = 2;
    cfg.SEED = 7;
    cfg.INPUT.MIN_SIZE_TRAIN = [20, 24, 28];
    cfg.INPUT.CROP.ENABLED = true;
    cfg.INPUT.MASK_FORMAT = "bitmask";
    cfg.MODEL.MASK_ON = true;
    cfg.MODEL.KEYPOINT_ON = true;
    cfg.MODEL.ROI_KEYPOINT_HEAD.MIN_KEYPOINTS_PER_IMAGE = 1;
    cfg.DATALOADER.NUM_WORKERS = 1;
    const threaded = await buildDetectionTrainLoader(cfg);
    expect(threaded.numWorkers).toBe(1);
    const there = contents(await take(threaded, 5));
    const here = contents(await take(await buildDetectionTrainLoader(cfg, { numWorkers: 0 }), 5));
    expect(there).toEqual(here);
    expect(here.flat().some(({ fields }) => fields?.gtKeypoints)).toBe(true);
    const test = await buildDetectionTestLoader(cfg, "workers-train");
    expect((await take(test, 99)).map(([{ imageId }]) => imageId)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    cfg.INPUT.FORMAT = "XYZ";
    await expect(buildDetectionTrainLoader(cfg)).rejects.toThrow(DataOptionError);
  });
});

describe("what leaves a thread", () => {
  it("keeps its structure: ndarrays, views, Instances and masks, empty ones too", async () => {
    const { createRichMapper } = await import("./fixtures/mappers.ts");
    const here = await createRichMapper().map(dataset[0]);
    const there = await mapInThread("createRichMapper");
    expect(Object.keys(there)).toEqual(Object.keys(here));
    const plain = (input: object) => ({ ...input, transposed: undefined });
    expect(plain(there)).toEqual(plain(here));
    expect(there).toMatchObject({
      transposed: { shape: [2, 2], data: Float32Array.of(1, 3, 2, 4) },
    });
  });

  it("is refused by its place when it cannot leave", async () => {
    const mapping = mapInThread("createUntransferableMapper");
    await expect(mapping).rejects.toThrow(UntransferableError);
    await expect(mapping).rejects.toMatchObject({ field: "input.nested.sizes[1]", type: "Map" });
  });

  it("are errors of their own class, with their fields and their cause", async () => {
    const turned = { ...dataset[0], height: 40, width: 30 };
    const cut = { fileName: join(folder, "cut.png"), imageId: "cut" };
    await writeFile(cut.fileName, Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"));
    const [mismatch, corrupt] = await errorsOf([turned, cut]);
    expect(mismatch).toBeInstanceOf(SizeMismatchError);
    expect(mismatch).toMatchObject({
      name: "SizeMismatchError",
      fileName: turned.fileName,
      got: [30, 40],
      expected: [40, 30],
    });
    const here: unknown = await readImage(cut.fileName).catch((error: unknown) => error);
    if (!(here instanceof CorruptImageError)) throw new Error("wanted a CorruptImageError");
    expect(corrupt).toBeInstanceOf(CorruptImageError);
    expect({ ...corrupt, message: corrupt.message }).toEqual({ ...here, message: here.message });
    expect(corrupt.cause).toBeInstanceOf(Error);
  });

  it("are WorkerErrors with the name, the message and the file where the class is not known", async () => {
    const dicts = ["type", "other"].map((imageId) => ({ fileName: "a.png", imageId }));
    const mapper = { module, exportName: "createFailingMapper" };
    const [known, unknown] = await errorsOf(dicts, mapper);
    expect(known).toBeInstanceOf(TypeError);
    expect(known.message).toBe("no such thing");
    expect(unknown).toBeInstanceOf(WorkerError);
    expect(unknown).toMatchObject({
      originalName: "UnheardOfError",
      originalMessage: "never seen",
      file: "a.png",
      message: "a.png: UnheardOfError: never seen",
    });
  });
});

describe("threads", () => {
  const slow = (imageIds: readonly number[], numWorkers: number) =>
    new DetectionTestLoader({
      dataset: imageIds.map((imageId) => ({ fileName: `${imageId}.png`, imageId })),
      mapper: { module, exportName: "createSlowMapper" },
      numWorkers,
    });

  it("keep the order of images that take longer than those after them", async () => {
    const batches = await take(slow([60, 5, 30, 0, 20], 2), 9);
    expect(batches.flat().map(({ imageId }) => imageId)).toEqual([60, 5, 30, 0, 20]);
  });

  it("end with the loader: what is not mapped yet fails, and a new iteration may begin", async () => {
    const loader = slow([1, 60_000], 1);
    const iterator = loader[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toHaveLength(1);
    const waiting = iterator.next();
    waiting.catch(() => {});
    await loader.close();
    await expect(waiting).rejects.toThrow(WorkerExitError);
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
    expect(await take(loader, 1)).toHaveLength(1);
  });

  it("that die say so, at once and to all who wait", async () => {
    const dying = mapInThread("createFailingMapper", { fileName: "a.png", imageId: "exit" });
    await expect(dying).rejects.toThrow(WorkerExitError);
    await expect(dying).rejects.toThrow("ended with code 3");
    const loader = trainLoader({
      dataset: [{ fileName: "a.png", imageId: "exit" }],
      sampler: new TrainingSampler({ size: 1, seed: 1 }),
      mapper: { module, exportName: "createFailingMapper" },
      numWorkers: 1,
      onBrokenImage: () => expect.unreachable("no image is broken"),
    });
    await expect(take(loader, 1)).rejects.toThrow(WorkerExitError);
  });

  it.each([
    [new URL("./fixtures/none.ts", import.meta.url), "createMapper", "cannot be imported"],
    [module, "createNone", "is not an exported function; exported are"],
    [module, "createNothing", "does not return an object with a method map"],
  ])("need a module that makes a mapper: %s, %s", async (address, exportName, message) => {
    for (const numWorkers of [0, 1]) {
      const loader = trainLoader({ mapper: { module: address, exportName }, numWorkers });
      const loading = take(loader, 1);
      await expect(loading).rejects.toThrow(MapperSourceError);
      await expect(loading).rejects.toThrow(message);
      await expect(loading).rejects.toMatchObject({ module: address.href, exportName });
    }
  });

  it("cannot be given a mapper; a config's threads are then left out", async () => {
    const mapper = new DatasetMapper({ isTrain: true, augmentations: [] });
    expect(() => trainLoader({ mapper, numWorkers: 1 })).toThrow(DataOptionError);
    expect(() => trainLoader({ mapper, numWorkers: 1 })).toThrow("{ module, exportName }");
    expect(() => trainLoader({ numWorkers: -1 })).toThrow("an integer from 0");
    const cfg = getCfg();
    cfg.DATASETS.TRAIN = ["workers-train"];
    expect((await buildDetectionTrainLoader(cfg, { mapper })).numWorkers).toBe(0);
  });

  it("do not keep the process alive when an iteration is abandoned", async () => {
    const program = fileURLToPath(new URL("./fixtures/abandon.ts", import.meta.url));
    const args = ["--conditions", "@detectron-ts/source", "--import", "tsx", program];
    const child = spawn(process.execPath, args, {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
    });
    let output = "";
    child.stdout.on("data", (text) => (output += String(text)));
    child.stderr.on("data", (text) => (output += String(text)));
    const [code]: unknown[] = await once(child, "exit");
    expect([code, output]).toEqual([0, "batch of 1\n"]);
  });
});
