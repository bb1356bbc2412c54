import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import type { Predictions } from "../src/prediction/results.ts";
import { detectron, temporaryFolder } from "./command-line.ts";
import { writeCoco } from "./datasets.ts";

const folder = await temporaryFolder();
const coco = await writeCoco(join(folder, "coco"));
const output = join(folder, "output");
const LEVEL = "{channels: 16}";
const RESIZE = "[{_target_: ResizeShortestEdge, shortEdgeLength: 64}]";

/** A narrow RetinaNet, small images and few iterations. */
const OPTS = [
  "model.numClasses=3",
  "model.backbone.bottomUp.freezeAt=0",
  "model.backbone.bottomUp.stem.outChannels=8",
  "+model.backbone.bottomUp.stages.inChannels=8",
  "+model.backbone.bottomUp.stages.res2OutChannels=16",
  "+model.backbone.bottomUp.stages.widthPerGroup=4",
  "model.backbone.outChannels=16",
  "model.backbone.topBlock.inChannels=128",
  `model.head.inputShape=[${Array(5).fill(LEVEL).join(", ")}]`,
  "model.head.convDims=[8]",
  "dataloader.train.dataset.names=fruits_nuts",
  "dataloader.test.dataset.names=fruits_nuts",
  `dataloader.train.mapper.augmentations=${RESIZE}`,
  `dataloader.test.mapper.augmentations=${RESIZE}`,
  "dataloader.train.totalBatchSize=1",
  "optimizer.lr=1e-9",
  "train.maxIter=2",
  "train.seed=1",
  "train.initCheckpoint=",
];

const ARGUMENTS = [
  "train",
  "--config-file",
  "COCO-Detection/retinanet_R_50_FPN_1x.py",
  "--dataset",
  `fruits_nuts=${coco.location}`,
  "--output",
  output,
];

describe("detectron train with a lazy config", () => {
  it("trains with the overrides, evaluates, and leaves the tree, a checkpoint and a report", async () => {
    const { code, stdout, stderr } = await detectron(...ARGUMENTS, "--opts", ...OPTS);
    expect(stderr).not.toMatch("error");
    expect(code).toBe(0);
    expect(stdout).toMatch("model_final.pth");
    expect(await readdir(output)).toEqual(
      expect.arrayContaining(["config.yaml", "metrics.json", "model_final.pth", "report.html"]),
    );
    const tree = await readFile(join(output, "config.yaml"), "utf8");
    expect(tree).toMatch(/^model:\n {2}_target_: RetinaNet\n/);
    expect(tree).toMatch("names: fruits_nuts");
  });

  it("measures the last checkpoint", async () => {
    const { code, stdout } = await detectron(
      ...ARGUMENTS,
      "--eval-only",
      "--resume",
      "--opts",
      ...OPTS,
    );
    expect(code).toBe(0);
    expect(stdout).toMatch("AP,AP50,AP75");
  });

  it("prints the tree that a training left behind", async () => {
    const { code, stdout } = await detectron("config", join(output, "config.yaml"));
    expect(code).toBe(0);
    expect(stdout).toBe(await readFile(join(output, "config.yaml"), "utf8"));
  });

  it("leaves a tree that predicts with the checkpoint, under the names given to its classes", async () => {
    const json = join(folder, "found.json");
    const { code, stderr } = await detectron(
      "predict",
      "--config-file",
      join(output, "config.yaml"),
      "--weights",
      join(output, "model_final.pth"),
      "--input",
      coco.images,
      "--json",
      json,
      "--classes",
      "date,fig,hazelnut",
      "--opts",
      "+model.testScoreThresh=0",
      "+model.maxDetectionsPerImage=3",
    );
    expect(stderr).not.toMatch("error");
    expect(code).toBe(0);
    const { images } = JSON.parse(await readFile(json, "utf8")) as Predictions;
    const [{ instances }] = images;
    // At most as many as the override says.
    expect([1, 2, 3]).toContain(instances.length);
    expect(["date", "fig", "hazelnut"]).toContain(instances[0].category);
  });

  it("leaves a tree that is measured with the checkpoint, on any dataset", async () => {
    const json = join(folder, "metrics.json");
    const { code, stdout, stderr } = await detectron(
      "eval",
      "--config-file",
      join(output, "config.yaml"),
      "--weights",
      join(output, "model_final.pth"),
      "--annotations",
      coco.annotations,
      "--images",
      coco.images,
      "--json",
      json,
    );
    expect(stderr).not.toMatch("error");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Running the model on \d+ images? of /m);
    expect(stdout).toMatch("AP,AP50,AP75");
    expect(JSON.parse(await readFile(json, "utf8"))).toHaveProperty("bbox.AP50");
  });

  it("says at once that its model and a dataset have different numbers of classes", async () => {
    const fewer = await writeCoco(join(folder, "fewer"), (content) => ({
      ...content,
      categories: content.categories.slice(0, 2),
      annotations: content.annotations.filter(({ category_id }) => category_id < 3),
    }));
    const { code, stderr } = await detectron(
      "eval",
      "--config-file",
      join(output, "config.yaml"),
      "--weights",
      join(output, "model_final.pth"),
      "--dataset",
      `two=${fewer.location}`,
    );
    expect(code).toBe(2);
    expect(stderr).toBe(
      'error: dataset "two" has 2 classes (date, fig), but the model has 3: set model.numClasses to 2\n',
    );
  });

  it("leaves a tree that is analyzed on an image, with what the checkpoint finds there", async () => {
    const { code, stdout } = await detectron(
      "analyze",
      "--config-file",
      join(output, "config.yaml"),
      "--weights",
      join(output, "model_final.pth"),
      "--image",
      DEMO_FILES.photograph,
      "--tasks",
      "flop",
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^total +\d+\.\d+$/m);
  });

  it("predicts nothing without a checkpoint, or with one of another model", async () => {
    const tree = ["--config-file", join(output, "config.yaml"), "--input", coco.images];
    const none = await detectron("predict", ...tree);
    expect([none.code, none.stderr]).toEqual([2, expect.stringMatching("train.initCheckpoint")]);
    const other = await detectron("predict", ...tree, "--weights", DEMO_FILES.weights);
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching("has no tensor of")]);
  });

  it("says how such a config takes the number of threads", async () => {
    const { code, stderr } = await detectron(...ARGUMENTS, "--num-workers", "2");
    expect(code).toBe(2);
    expect(stderr).toMatch("dataloader.train.numWorkers");
  });
});
