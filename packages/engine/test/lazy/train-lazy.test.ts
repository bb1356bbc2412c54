import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DetectionCheckpointer } from "@detectron-ts/checkpoint";
import {
  applyOverrides,
  instantiate,
  lazy,
  loadLazyConfig,
  UnknownKeyError,
} from "@detectron-ts/config";
import type { GeneralizedRCNN } from "@detectron-ts/modeling";
import { Linear, manualSeed } from "@detectron-ts/nn";
import {
  ConfigNotFoundError,
  createLazyPredictor,
  createLazyTrainer,
  isLazyConfigFile,
  LazyConfigError,
  setupLazyConfig,
  trainLazy,
} from "@detectron-ts/engine";
import ndarray from "ndarray";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { registerShapes, unregister } from "../train/synthetic-dataset.ts";

const DATASET = "lazy-shapes";
const MASK_RCNN = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x.py";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazy-training-"));
  await registerShapes(DATASET, join(folder, "shapes"), 8);
});
afterAll(() => {
  unregister(DATASET);
  rmSync(folder, { recursive: true, force: true });
});

/** What a command line says to make a narrow Mask R-CNN of the zoo's that learns small images. */
function tiny(outputDir: string): string[] {
  const bottomUp = "model.backbone.bottomUp";
  const resize = "[{_target_: ResizeShortestEdge, shortEdgeLength: 96}]";
  return [
    `${bottomUp}.freezeAt=0`,
    `${bottomUp}.stem.norm=BN`,
    `${bottomUp}.stem.outChannels=8`,
    `${bottomUp}.stages.norm=BN`,
    `+${bottomUp}.stages.inChannels=8`,
    `+${bottomUp}.stages.res2OutChannels=16`,
    `+${bottomUp}.stages.widthPerGroup=4`,
    "model.backbone.outChannels=16",
    "model.proposalGenerator.head.inChannels=16",
    "model.proposalGenerator.anchorGenerator.sizes=[[16], [32], [64], [128], [256]]",
    "model.proposalGenerator.preNmsTopk={train: 100, test: 50}",
    "model.proposalGenerator.postNmsTopk={train: 50, test: 50}",
    "model.roiHeads.numClasses=2",
    "model.roiHeads.boxHead.inputShape.channels=16",
    "model.roiHeads.boxHead.fcDims=[16]",
    "model.roiHeads.boxPredictor.inputShape.channels=16",
    "model.roiHeads.maskHead.inputShape.channels=16",
    "model.roiHeads.maskHead.convDims=[8, 8]",
    `dataloader.train.dataset.names=${DATASET}`,
    `dataloader.test.dataset.names=${DATASET}`,
    `dataloader.train.mapper.augmentations=${resize}`,
    `dataloader.test.mapper.augmentations=${resize}`,
    "dataloader.train.totalBatchSize=2",
    "optimizer.lr=0.001",
    "lrMultiplier.scheduler.milestones=[4, 5, 6]",
    "lrMultiplier.warmupLength=0.5",
    "train.maxIter=6",
    "train.seed=5",
    "train.evalPeriod=0",
    "train.logPeriod=2",
    "train.checkpointer.period=3",
    "train.initCheckpoint=''",
    `train.outputDir=${outputDir}`,
  ];
}

function metrics(outputDir: string): Record<string, number>[] {
  return readFileSync(join(outputDir, "metrics.json"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("a training from a tree of constructors", () => {
  it("learns with what the command line changed, evaluates, and leaves its tree behind", async () => {
    const outputDir = join(folder, "whole");
    const config = await setupLazyConfig({ configFile: MASK_RCNN, opts: tiny(outputDir) });
    const lines: string[] = [];
    const results = await trainLazy(config, { log: (line) => lines.push(line) });
    expect(Object.keys(results ?? {})).toEqual(["bbox", "segm"]);

    const written = metrics(outputDir);
    expect(written.map(({ iteration }) => iteration).filter((i) => i !== undefined)).toEqual(
      expect.arrayContaining([1, 3, 5]),
    );
    const rates = written.filter(({ lr }) => lr !== undefined).map(({ lr }) => lr);
    // Warm-up for half of the time, then the milestones.
    expect(rates[0]).toBeLessThan(0.001);
    expect(rates.at(-1)).toBeCloseTo(0.00001, 9);
    expect(written.every(({ total_loss = 1 }) => Number.isFinite(total_loss))).toBe(true);
    expect(existsSync(join(outputDir, "model_0000002.pth"))).toBe(true);
    expect(existsSync(join(outputDir, "model_final.pth"))).toBe(true);

    // The tree itself, with the seed: the same training once more.
    expect(await loadLazyConfig(join(outputDir, "config.yaml"))).toEqual(config);
  });

  it("is the same again, also when it was interrupted", async () => {
    const outputDir = join(folder, "halves");
    const opts = [...tiny(outputDir), "~dataloader.evaluator"];
    const config = await setupLazyConfig({ configFile: MASK_RCNN, opts });
    const first = await createLazyTrainer(config, { log: () => undefined });
    await first.resumeOrLoad({ resume: false });
    expect(await first.train()).toBeUndefined();
    const whole = first.model.stateDict();
    expect(first.storage.histories().has("total_loss")).toBe(true);

    rmSync(join(outputDir, "model_final.pth"));
    writeFileSync(join(outputDir, "last_checkpoint"), "model_0000002.pth");
    const second = await createLazyTrainer(config, { log: () => undefined });
    await second.resumeOrLoad();
    expect(second.iter).toBe(2);
    await second.train();
    const [wanted, got] = [whole, second.model.stateDict()].map((state) =>
      state.get("roi_heads.box_predictor.cls_score.weight")!,
    );
    expect(await got.data()).toEqual(await wanted.data());
  });

  it("refuses a model without losses", async () => {
    const config = await setupLazyConfig({
      configFile: MASK_RCNN,
      opts: tiny(join(folder, "linear")),
    });
    const model = lazy(Linear, { inFeatures: 1, outFeatures: 1 });
    await expect(createLazyTrainer({ ...config, model })).rejects.toThrow(LazyConfigError);
  });
});

describe("createLazyPredictor", () => {
  const image = ndarray(new Uint8Array(120 * 160 * 3).fill(90), [120, 160, 3]);
  const predictorConfig = () =>
    setupLazyConfig({ configFile: MASK_RCNN, opts: tiny(join(folder, "predictor")) });

  it("predicts with the weights and the test images' size of the tree", async () => {
    const config = await predictorConfig();
    manualSeed(3);
    const model = instantiate(config.model) as GeneralizedRCNN;
    const checkpointer = new DetectionCheckpointer(model, { saveDir: folder });
    config.train.initCheckpoint = await checkpointer.save("random");

    const predictor = await createLazyPredictor(config);
    expect(predictor.loadReport?.missing).toEqual([]);
    const input = predictor.preprocess(image);
    expect(input.image.shape).toEqual([3, 96, 128]);
    const { instances } = await predictor.predict(image);
    const [expected] = await model.eval().inference([input]);
    expect(instances.predBoxes.tensor).toEqual(expected.instances.predBoxes.tensor);
    expect(instances.imageSize).toEqual([120, 160]);
  });

  it("refuses trees without a checkpoint, without inference, or with more than a resize", async () => {
    const config = await predictorConfig();
    await expect(createLazyPredictor(config)).rejects.toThrow("train.initCheckpoint is empty");

    const weights = join(folder, "none.safetensors");
    const model = lazy(Linear, { inFeatures: 1, outFeatures: 1 });
    await expect(createLazyPredictor({ ...config, model }, { weights })).rejects.toThrow(
      "model can't predict: Linear has no inference",
    );

    applyOverrides(config, ["dataloader.test.mapper.augmentations=[{_target_: RandomFlip}]"]);
    await expect(createLazyPredictor(config, { weights })).rejects.toThrow(
      "has to be one ResizeShortestEdge to predict, got [RandomFlip]",
    );
  });
});

describe("setupLazyConfig", () => {
  it("reads a saved tree as it reads the zoo's", async () => {
    const outputDir = join(folder, "saved");
    const config = await setupLazyConfig({ configFile: MASK_RCNN, opts: tiny(outputDir) });
    await createLazyTrainer(config, { log: () => undefined });
    const configFile = join(outputDir, "config.yaml");
    expect(await setupLazyConfig({ configFile })).toEqual(config);
    const changed = await setupLazyConfig({ configFile, opts: ["train.maxIter=7"] });
    expect(changed.train.maxIter).toBe(7);
  });

  it("is told by names, modules, and YAML with a node for its model", () => {
    const yaml = (text: string): string => {
      const file = join(folder, "kind.yaml");
      writeFileSync(file, text);
      return file;
    };
    for (const name of [MASK_RCNN, "my-config.ts", "my-config.mjs"]) {
      expect([name, isLazyConfigFile(name)]).toEqual([name, true]);
    }
    expect(isLazyConfigFile(yaml("train: {}\nmodel:\n  _target_: FPN\n"))).toBe(true);
    expect(isLazyConfigFile(yaml("MODEL:\n  MASK_ON: True\n"))).toBe(false);
    expect(isLazyConfigFile("COCO-Detection/retinanet_R_50_FPN_1x.yaml")).toBe(false);
    expect(isLazyConfigFile("COCO-Detection/retinanet_R_50_FPN_1x")).toBe(false);
  });

  it("says what there isn't", async () => {
    const missing = setupLazyConfig({ configFile: "COCO-Detection/fcos_R_101_FPN_1x.py" });
    await expect(missing).rejects.toThrow(ConfigNotFoundError);
    const opts = ["train.max_iter=3"];
    await expect(setupLazyConfig({ configFile: MASK_RCNN, opts })).rejects.toThrow(UnknownKeyError);
  });

  it("says what a file lacks for a training", async () => {
    const file = join(folder, "part.yaml");
    writeFileSync(file, "model: {_target_: FPN}\ntrain: {maxIter: 5}\n");
    await expect(setupLazyConfig({ configFile: file })).rejects.toMatchObject({
      name: "LazyConfigError",
      path: "dataloader.train",
    });
  });
});
