import { getCfg } from "@detectron-ts/config";
import { BoxMode } from "@detectron-ts/structures";
import {
  HFlipTransform,
  NoOpTransform,
  ResizeShortestEdge,
  ResizeTransform,
} from "@detectron-ts/transforms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  buildDetectionTestLoader,
  buildDetectionTrainLoader,
  DataOptionError,
  DatasetCatalog,
  DatasetFileError,
  DatasetMapper,
  loadProposalsIntoDataset,
  transformProposals,
  type MappedInput,
  type ProposalFile,
} from "../src/index.ts";
import { temporaryFolder, writePicture } from "./support.ts";

const file = "proposals.pkl";
const proposals: ProposalFile = {
  ids: [9, "7"],
  boxes: [new Float32Array(0), Float32Array.of(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5)],
  objectnessLogits: [new Float32Array(0), Float32Array.of(0.5, 2, 0.5)],
};

describe("loadProposalsIntoDataset", () => {
  it("gives each image its own, the likeliest first, whether ids are numbers or text", () => {
    const dicts = [
      { fileName: "a", imageId: 7 },
      { fileName: "b", imageId: 9 },
    ];
    expect(loadProposalsIntoDataset(dicts, proposals, file)).toEqual([
      {
        fileName: "a",
        imageId: 7,
        proposalBoxes: Float32Array.of(2, 2, 3, 3, 4, 4, 5, 5, 0, 0, 1, 1),
        proposalObjectnessLogits: Float32Array.of(2, 0.5, 0.5),
        proposalBboxMode: BoxMode.XYXY_ABS,
      },
      {
        fileName: "b",
        imageId: 9,
        proposalBoxes: new Float32Array(0),
        proposalObjectnessLogits: new Float32Array(0),
        proposalBboxMode: BoxMode.XYXY_ABS,
      },
    ]);
    const [whole] = proposals.boxes.slice(1);
    const view = { ...proposals, boxes: [whole.subarray(0, 0), whole.subarray(0)] };
    const [{ proposalBoxes }] = loadProposalsIntoDataset([dicts[0]], view, file);
    expect(proposalBoxes?.buffer).not.toBe(whole.buffer);
  });

  it.each([
    ["no entry", { ids: [9, "8"] }, "has no proposals for image 7"],
    ["boxes too few", { boxes: [new Float32Array(0), new Float32Array(8)] }, "8 coordinates"],
    [
      "a box that is not finite",
      {
        boxes: [new Float32Array(0), Float32Array.of(0, 0, 1, 1, 2, NaN, 3, 3, 4, 4, 5, 5)],
      },
      "image 7 has proposal 1 at [2, NaN, 3, 3]",
    ],
    [
      "a logit that is none",
      { objectnessLogits: [new Float32Array(0), Float32Array.of(1, 1, NaN)] },
      "image 7 has proposal 2 with logit NaN",
    ],
    ["lists of different lengths", { boxes: [new Float32Array(0)] }, "2 images, but boxes for 1"],
  ])("names the file and the image for %s", (_, change, message) => {
    const load = () =>
      loadProposalsIntoDataset([{ fileName: "a", imageId: 7 }], { ...proposals, ...change }, file);
    expect(load).toThrow(DatasetFileError);
    expect(load).toThrow(message);
    expect(load).toThrow(file);
  });
});

describe("transformProposals", () => {
  const dict = {
    proposalBoxes: Float32Array.of(1, 1, 3, 2, -5, 0, 0, 4, 2, 0, 30, 30, 0, 0, 4, 4),
    proposalObjectnessLogits: Float32Array.of(4, 3, 2, 1),
  };

  it("moves, clips, leaves out what is empty, and keeps the first of the rest", () => {
    const flip = new HFlipTransform(10);
    const mapped = transformProposals(dict, flip, [8, 10], { proposalTopk: 2 });
    expect([...(mapped?.proposalBoxes.data ?? [])]).toEqual([7, 1, 9, 2, 0, 0, 8, 8]);
    expect(mapped?.objectnessLogits.data).toEqual(Float32Array.of(4, 2));
    expect(mapped?.imageSize).toEqual([8, 10]);
    const large = transformProposals(dict, flip, [8, 10], { proposalTopk: 9, minBoxSize: 2 });
    expect(large?.objectnessLogits.data).toEqual(Float32Array.of(2, 1));
  });

  it("computes in the precision of the file, as detectron2 does", () => {
    const resize = new ResizeTransform({ height: 427, width: 640, newHeight: 800, newWidth: 1199 });
    const numbers = [10.1, 20.2, 100.3, 200.4];
    const [single, double] = [Float32Array.from(numbers), Float64Array.from(numbers)].map(
      (proposalBoxes) =>
        transformProposals(
          { proposalBoxes, proposalObjectnessLogits: Float32Array.of(1) },
          resize,
          [800, 1199],
          { proposalTopk: 1 },
        )?.proposalBoxes.data,
    );
    const scales = [1199 / 640, 800 / 427];
    expect(double).toEqual(Float32Array.from(numbers, (value, i) => value * scales[i % 2]));
    expect(single).toEqual(
      Float32Array.from(numbers, (value, i) => Math.fround(value) * Math.fround(scales[i % 2])),
    );
  });

  it("converts the mode, leaves its input as it is, and takes images without proposals", () => {
    const given = { ...dict, proposalBboxMode: BoxMode.XYWH_ABS };
    const mapped = transformProposals(given, new NoOpTransform(), [8, 10], { proposalTopk: 1 });
    expect([...(mapped?.proposalBoxes.data ?? [])]).toEqual([1, 1, 4, 3]);
    transformProposals(dict, new NoOpTransform(), [2, 2], { proposalTopk: 9 });
    expect(dict.proposalBoxes[10]).toBe(30);
    const none = {
      proposalBoxes: new Float32Array(0),
      proposalObjectnessLogits: new Float32Array(0),
    };
    const empty = transformProposals(none, new NoOpTransform(), [8, 10], { proposalTopk: 9 });
    expect([empty?.length, empty?.objectnessLogits.shape]).toEqual([0, [0]]);
    expect(transformProposals({}, new NoOpTransform(), [8, 10], { proposalTopk: 9 })).toBe(
      undefined,
    );
  });
});

describe("configs with precomputed proposals", () => {
  const cfg = getCfg();
  beforeAll(async () => {
    const fileName = await writePicture(await temporaryFolder(), "a.png", 8, 10);
    const annotations = [{ bbox: [1, 1, 5, 5], bboxMode: BoxMode.XYXY_ABS, categoryId: 0 }];
    DatasetCatalog.register("proposals", () => [{ fileName, imageId: 7, annotations }]);
    cfg.DATASETS.TRAIN = ["proposals"];
    cfg.DATASETS.TEST = ["other", "proposals"];
    cfg.DATASETS.PROPOSAL_FILES_TRAIN = ["train.pkl"];
    cfg.DATASETS.PROPOSAL_FILES_TEST = ["other.pkl", "test.pkl"];
    cfg.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN = 2;
    cfg.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST = 1;
    cfg.MODEL.LOAD_PROPOSALS = true;
    cfg.INPUT.MIN_SIZE_TRAIN = [16];
    cfg.INPUT.MIN_SIZE_TEST = 16;
    cfg.INPUT.RANDOM_FLIP = "none";
    cfg.SOLVER.IMS_PER_BATCH = 1;
    cfg.DATALOADER.NUM_WORKERS = 0;
  });
  afterAll(() => DatasetCatalog.remove("proposals"));

  async function first(loader: AsyncIterable<MappedInput[]>): Promise<MappedInput | undefined> {
    for await (const [input] of loader) return input;
    return undefined;
  }

  it("give inputs with as many as they say, from the file of their dataset", async () => {
    const files: string[] = [];
    const readProposals = (name: string): ProposalFile => {
      files.push(name);
      return proposals;
    };
    const train = await first(await buildDetectionTrainLoader(cfg, { readProposals }));
    expect([...(train?.proposals?.proposalBoxes.data ?? [])]).toEqual([4, 4, 6, 6, 8, 8, 10, 10]);
    const test = await first(await buildDetectionTestLoader(cfg, "proposals", { readProposals }));
    expect([...(test?.proposals?.proposalBoxes.data ?? [])]).toEqual([4, 4, 6, 6]);
    expect(files).toEqual(["train.pkl", "test.pkl"]);
    const threaded = await buildDetectionTrainLoader(cfg, { readProposals, numWorkers: 1 });
    expect((await first(threaded))?.proposals).toEqual(train?.proposals);
  });

  it("need a reader, and a file for each dataset", async () => {
    await expect(buildDetectionTrainLoader(cfg)).rejects.toThrow("a function that reads train.pkl");
    const other = getCfg();
    other.MODEL.LOAD_PROPOSALS = true;
    other.DATASETS.TRAIN = ["proposals"];
    await expect(buildDetectionTrainLoader(other)).rejects.toThrow(DataOptionError);
  });

  it("keep proposals from inputs of other models", async () => {
    const [dict] = loadProposalsIntoDataset(
      await DatasetCatalog.get("proposals"),
      proposals,
      "proposals.pkl",
    );
    const augmentations = [new ResizeShortestEdge({ shortEdgeLength: 16 })];
    const plain = await new DatasetMapper({ isTrain: true, augmentations }).map(dict);
    expect(plain.proposals).toBeUndefined();
  });
});
