import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { DEMO_FILES } from "../src/demo-files.ts";
import { detectron, detectronInTerminal, type Outcome, temporaryFolder } from "./command-line.ts";
import { writeCoco, writeVoc } from "./datasets.ts";

const folder = await temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
const coco = await writeCoco(at("coco"));
const DATASETS = [
  "--dataset",
  `fruits_nuts_train=${coco.location}`,
  "--dataset",
  `fruits_nuts_test=${coco.location}`,
];
const CONFIG = ["--config-file", DEMO_FILES.config];

/** Overrides that make an iteration of the demo's model a matter of a second. */
const SMALL = [
  "MODEL.WEIGHTS",
  DEMO_FILES.weights,
  "INPUT.MIN_SIZE_TRAIN",
  "(96,)",
  "INPUT.MIN_SIZE_TEST",
  "96",
  "MODEL.RPN.POST_NMS_TOPK_TRAIN",
  "50",
  "MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE",
  "16",
  "SOLVER.IMS_PER_BATCH",
  "1",
  "SOLVER.BASE_LR",
  "0.0001",
];

/** The arguments of a training of some iterations into a folder of its own. */
function training(output: string, iterations: number, ...opts: string[]): string[] {
  return [
    "train",
    ...CONFIG,
    ...DATASETS,
    "--num-workers",
    "0",
    "--output",
    output,
    "--opts",
    ...SMALL,
    "SOLVER.MAX_ITER",
    String(iterations),
    ...opts,
  ];
}

/** Presses Ctrl-C as soon as somebody listens. */
async function interrupt(): Promise<void> {
  while (process.listenerCount("SIGINT") === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  process.emit("SIGINT", "SIGINT");
}

describe("detectron train", () => {
  it("prints its plan, detectron2's lines and AP, and writes all there is to write", async () => {
    const output = at("whole");
    const { code, stdout, stderr } = await detectron(...training(output, 2));
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^model +GeneralizedRCNN, 3 classes, 2\.70 million parameters, /);
    expect(stdout).toMatch(/^weights +\S+model\.safetensors$/m);
    expect(stdout).toMatch(/^training on +fruits_nuts_train: 1 image, 12 objects$/m);
    expect(stdout).toMatch(/^testing on +fruits_nuts_test: 1 image, 12 objects; at the end$/m);
    expect(stdout).toMatch(/^iterations +2 of 1 image, 2\.0 times through the images$/m);
    expect(stdout).toMatch(/^learning rate +0\.0001, after a warm-up of \d+ iterations$/m);
    expect(stdout).toMatch(/^output +\S+whole$/m);
    expect(stdout).toMatch(/^Loaded \d+ tensors of \S+model\.safetensors$/m);
    expect(stdout).toMatch(/ iter: 1 {2}total_loss: \S+ {2}loss_cls: \S+ .* lr: \S+ {2}max_mem: /);
    expect(stdout).toContain("Evaluation results for segm:");
    expect(stdout).toContain("copypaste: AP,AP50,AP75,APs,APm,APl");
    expect(stdout).toContain(`The checkpoint is ${join(output, "model_final.pth")}\n`);

    const files = await readdir(output);
    expect(files.filter((name) => !name.startsWith("events.")).toSorted()).toEqual([
      "config.yaml",
      "inference",
      "last_checkpoint",
      "metrics.json",
      "model_final.pth",
      "report.html",
    ]);
    const lines = (await readFile(join(output, "metrics.json"), "utf8")).trim().split("\n");
    expect(JSON.parse(lines[lines.length - 1])).toHaveProperty("bbox/AP");
    const report = await readFile(join(output, "report.html"), "utf8");
    expect(report).toContain("total_loss");
    expect(report).toContain(`alt="${join(coco.images, "fruits_and_nuts.jpg")}"`);

    const anew = await detectron(...training(output, 1));
    expect(anew.code).toBe(0);
    expect(anew.stderr).toBe(
      `warning: ${join(output, "model_final.pth")} is of an earlier training, which --resume would go on with\n`,
    );
    expect(anew.stdout).toContain("Starting training from iteration 0\n");
  });

  it("saves a checkpoint when interrupted, exits with 130, and goes on from there", async () => {
    const output = at("interrupted");
    const [{ code, stdout, stderr }] = await Promise.all([
      detectron(...training(output, 1000)),
      interrupt(),
    ]);
    expect(code).toBe(130);
    const checkpoint = join(output, "model_0000000.pth");
    expect(stderr).toBe(
      "warning: SIGINT: saving a checkpoint after this iteration; once more ends at once\n" +
        `error: Training was stopped by SIGINT after 1 iteration; the checkpoint is ${checkpoint}. ` +
        "The same command with --resume goes on from there.\n",
    );
    expect(stdout).not.toContain("Evaluation results");
    expect(process.listenerCount("SIGINT")).toBe(0);

    const resumed = await detectron(...training(output, 2), "--resume");
    expect(resumed.stderr).toBe("");
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain("Starting training from iteration 1\n");
    expect(resumed.stdout).toContain(` tensors of ${checkpoint}\n`);
    expect(resumed.stdout).toContain("Evaluation results for bbox:");
  });

  it("shows a bar with losses and the time left in a terminal", async () => {
    const output = at("terminal");
    const { code, stdout } = await detectronInTerminal(...training(output, 2), "--resume");
    expect(code).toBe(0);
    expect(stdout).toContain(`There is no checkpoint in ${output}: the training begins anew`);
    expect(stdout).toMatch(/░ 0\/2, \? left {2}starting/);
    expect(stdout).toMatch(/█ 2\/2, 0:00:00 left {2}total_loss \d/);
    expect(stdout).toContain("testing on fruits_nuts_test: 1 image done");
    expect(stdout).toContain("Evaluation results for bbox:");
    expect(stdout).not.toContain("max_mem");
  });

  it("trains on a VOC folder, and measures by VOC's rules", async () => {
    const root = await writeVoc(at("voc"));
    const { code, stdout, stderr } = await detectron(
      "train",
      ...CONFIG,
      "--dataset",
      `voc=voc:${root},test,date,fig,hazelnut`,
      "--num-workers",
      "0",
      "--output",
      at("voc-output"),
      "--opts",
      ...SMALL,
      "SOLVER.MAX_ITER",
      "1",
      "MODEL.MASK_ON",
      "False",
      "DATASETS.TRAIN",
      "('voc',)",
      "DATASETS.TEST",
      "('voc',)",
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("copypaste: AP,AP50,AP75\n");
  });
});

describe("detectron train --eval-only", () => {
  it("measures the weights as eval does, and with --resume the last checkpoint", async () => {
    const argv = ["train", ...CONFIG, ...DATASETS, "--eval-only", "--num-workers", "0"];
    const weights = ["--opts", "MODEL.WEIGHTS", DEMO_FILES.weights];
    const measured = await detectron(...argv, "--output", at("eval-only"), ...weights);
    expect(measured.stderr).toBe("");
    expect(measured.code).toBe(0);
    const evaluated = await detectron(
      "eval",
      ...CONFIG,
      "--weights",
      DEMO_FILES.weights,
      "--dataset",
      `fruits=${coco.location}`,
    );
    expect(copyPaste(measured)).toHaveLength(6);
    expect(copyPaste(measured)).toEqual(copyPaste(evaluated));
    expect(await readdir(at("eval-only", "inference"))).toEqual(["coco_instances_results.json"]);

    const output = at("eval-resumed");
    const fullSize = ["INPUT.MIN_SIZE_TEST", "288"];
    const trained = await detectron(...training(output, 1, ...fullSize));
    const small = ["--output", output, "--opts", ...SMALL, ...fullSize];
    const resumed = await detectron(...argv, "--resume", ...small, "MODEL.WEIGHTS", "missing.pth");
    expect(resumed.stderr).toBe("");
    expect(copyPaste(resumed)).toEqual(copyPaste(trained));
    expect(copyPaste(resumed)).not.toEqual(copyPaste(measured));
    expect(copyPaste(resumed)[2]).not.toMatch(/ 0\.0000,/);
  });

  it("wants a checkpoint and a dataset", async () => {
    const argv = ["train", ...CONFIG, ...DATASETS, "--eval-only"];
    const unweighted = await detectron(...argv);
    expect(unweighted.code).toBe(2);
    expect(unweighted.stderr).toContain(
      "there is no checkpoint; name one with --opts MODEL.WEIGHTS",
    );
    const aimless = await detectron(...argv, "--opts", "DATASETS.TEST", "()");
    expect(aimless.code).toBe(2);
    expect(aimless.stderr).toContain("DATASETS.TEST is empty");
  });
});

describe("detectron train that makes no sense", () => {
  const output = ["--output", at("senseless")];
  const [dataset, train, , test] = DATASETS;

  it.each([
    ["without config", DATASETS, "required option '--config-file"],
    ["for a number of workers that is none", [...CONFIG, "--num-workers", "-1"], "from 0"],
    [
      "for training images that nobody registered, naming those there are",
      [...CONFIG, dataset, test],
      'DATASETS.TRAIN names "fruits_nuts_train", which is not registered',
    ],
    [
      "and suggests those there are",
      [...CONFIG, dataset, test],
      "DATASETS.TRAIN \"('fruits_nuts_test',)\"",
    ],
    [
      "for test images that nobody registered, which one can do without",
      [...CONFIG, dataset, train],
      'or do without: --opts DATASETS.TEST "()"',
    ],
    [
      "without training images",
      [...CONFIG, ...DATASETS, "--opts", "DATASETS.TRAIN", "()"],
      "DATASETS.TRAIN is empty",
    ],
    [
      "for a model with fewer classes than the images, naming both numbers",
      [...CONFIG, ...DATASETS, "--opts", "MODEL.ROI_HEADS.NUM_CLASSES", "2"],
      "has 3 classes (date, fig, hazelnut), but the model has 2",
    ],
    [
      "for a model with more classes than the test images",
      [...CONFIG, ...DATASETS, "--opts", "MODEL.ROI_HEADS.NUM_CLASSES", "80"],
      "has 3 classes (date, fig, hazelnut), but the model has 80",
    ],
  ])("exits with 2 %s", async (_, argv, message) => {
    const { code, stderr } = await detectron("train", ...output, ...argv);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

/** The lines of results that are easily copied. */
function copyPaste({ stdout }: Outcome): string[] {
  return stdout.split("\n").filter((line) => line.startsWith("copypaste:"));
}
