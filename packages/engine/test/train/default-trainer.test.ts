import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  CallbackHook,
  DefaultTrainer,
  type DefaultTrainerOverrides,
  MissingDatasetError,
  TrainerStateError,
  TrainingStepError,
} from "@detectron-ts/engine";
import { getCfg } from "@detectron-ts/config";
import { goldenRoot } from "@detectron-ts/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { shapesConfig } from "./shapes-config.ts";
import { registerShapes, unregister } from "./synthetic-dataset.ts";

const DATASET = "default-trainer-shapes";

let folder: string;
const lines: string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "default-trainer-"));
  await registerShapes(DATASET, join(folder, "shapes"), 8);
});
afterAll(() => {
  unregister(DATASET);
  rmSync(folder, { recursive: true, force: true });
});

/** A training of some iterations in a folder of its own, or in one that was trained in before. */
function create(
  name: string,
  changes: Readonly<Record<string, unknown>> = {},
  overrides: DefaultTrainerOverrides = {},
): Promise<DefaultTrainer> {
  const cfg = shapesConfig(DATASET, join(folder, name), {
    "SOLVER.MAX_ITER": 6,
    "DATASETS.TEST": [],
    ...changes,
  });
  return DefaultTrainer.create(cfg, { log: (line) => lines.push(line), ...overrides });
}

/** Losses of each iteration. */
function losses({ storage }: DefaultTrainer): Record<string, readonly (readonly number[])[]> {
  const names = [...storage.histories().keys()].filter((name) => name.includes("loss"));
  return Object.fromEntries(
    names.map((name) => [
      name,
      storage
        .history(name)
        .values()
        .map(([value, iter]) => [iter, value]),
    ]),
  );
}

function weights({ model }: DefaultTrainer): Map<string, unknown> {
  return new Map([...model.stateDict()].map(([name, entry]) => [name, entry.dataSync().slice()]));
}

describe("a training from a config", () => {
  it("leaves behind the config, metrics, event files and checkpoints that detectron2's would", async () => {
    const trainer = await create("files", {
      "SOLVER.CHECKPOINT_PERIOD": 4,
      "DATASETS.TEST": [DATASET],
      "TEST.EVAL_PERIOD": 4,
      SEED: -1,
    });
    await trainer.resumeOrLoad({ resume: false });
    const results = await trainer.train();

    expect(Object.keys(results ?? {})).toEqual(["bbox", "segm"]);
    const files = readdirSync(join(folder, "files"));
    expect(files.filter((file) => !file.startsWith("events.")).sort()).toEqual([
      "config.yaml",
      "inference",
      "last_checkpoint",
      "metrics.json",
      "model_0000003.pth",
      "model_final.pth",
    ]);
    expect(files.filter((file) => file.startsWith("events.out.tfevents."))).toHaveLength(1);
    const metrics = readFileSync(join(folder, "files", "metrics.json"), "utf8")
      .trim()
      .split("\n");
    const recorded = metrics.map((line) => JSON.parse(line));
    expect(recorded.map(({ iteration }) => iteration)).toEqual([3, 5, 6]);
    expect(recorded[0]).toHaveProperty("bbox/AP");
    expect(recorded[1]).toMatchObject({
      lr: expect.any(Number),
      loss_mask: expect.any(Number),
      "roi_head/num_fg_samples": expect.any(Number),
      "rpn/num_pos_anchors": expect.any(Number),
      "fast_rcnn/cls_accuracy": expect.any(Number),
      "mask_rcnn/accuracy": expect.any(Number),
    });
    expect(lines.some((line) => line.includes("iter: 5  total_loss:"))).toBe(true);

    const config = getCfg();
    config.mergeFromFile(join(folder, "files", "config.yaml"));
    expect(config.SEED).toBe(trainer.cfg.SEED);
    expect(config.SEED).toBeGreaterThanOrEqual(0);
  });

  it("goes on after an interruption with the very samples, losses and weights of one that had none", async () => {
    const whole = await create("whole");
    await whole.resumeOrLoad();
    await whole.train();

    const stop = new CallbackHook({ afterStep: ({ iter }) => void (iter === 3 && first.stop()) });
    const first = await create("interrupted", { "SOLVER.CHECKPOINT_PERIOD": 3 }, { hooks: [stop] });
    await first.resumeOrLoad();
    await first.train();
    expect(first.iter).toBe(4);

    // Another seed, which the checkpoint's state has to overrule.
    const second = await create("interrupted", { SEED: 99 });
    const report = await second.resumeOrLoad();
    expect(report.restored).toEqual(["trainer"]);
    await second.train();

    const wanted = losses(whole);
    const got = losses(second);
    for (const [name, values] of Object.entries(wanted)) expect(got[name]).toEqual(values.slice(3));
    expect(weights(second)).toEqual(weights(whole));
  });

  it("at a signal ends with the iteration and saves it, so that nothing is lost", async () => {
    const signalled: NodeJS.Signals[] = [];
    const trainer = await create(
      "signal",
      {},
      {
        hooks: [
          new CallbackHook({
            beforeStep: ({ iter }) => void (iter === 2 && process.emit("SIGINT", "SIGINT")),
          }),
        ],
        onSignal: (signal) => signalled.push(signal),
      },
    );
    await trainer.train();
    expect([trainer.iter, trainer.stoppedBy, signalled]).toEqual([3, "SIGINT", ["SIGINT"]]);
    expect(readFileSync(join(folder, "signal", "last_checkpoint"), "utf8")).toBe(
      "model_0000002.pth",
    );
    expect(process.listenerCount("SIGINT")).toBe(0);

    const resumed = await create("signal");
    await resumed.resumeOrLoad();
    await resumed.train();
    expect([resumed.iter, resumed.stoppedBy]).toEqual([6, undefined]);
    expect(losses(resumed).total_loss.map(([iter]) => iter)).toEqual([3, 4, 5]);
  });

  it("that is complete has nothing more to do when resumed, but is evaluated again", async () => {
    const again = await create("files", { "DATASETS.TEST": [DATASET] });
    await again.resumeOrLoad();
    expect(Object.keys((await again.train()) ?? {})).toEqual(["bbox", "segm"]);
    expect(again.iter).toBe(6);
  });

  it("that diverges stops with the iteration, the losses and the files of the batch, and saves nothing", async () => {
    const trainer = await create("diverged", {
      "SOLVER.BASE_LR": 1e30,
      "SOLVER.WARMUP_ITERS": 0,
      "SOLVER.CLIP_GRADIENTS.ENABLED": false,
      "SOLVER.CHECKPOINT_PERIOD": 100,
    });
    const error = await trainer.train().catch((thrown: unknown) => thrown);
    // Boxes are infinite before the losses are.
    expect(error).toBeInstanceOf(TrainingStepError);
    expect(error).toMatchObject({
      iteration: expect.any(Number),
      cause: expect.objectContaining({ name: "NonFiniteProposalError" }),
    });
    expect((error as TrainingStepError).fileNames).toHaveLength(4);
    expect(existsSync(join(folder, "diverged", "last_checkpoint"))).toBe(false);
  });

  it("refuses a checkpoint whose state is of something else", async () => {
    const trainer = await create("state");
    await expect(trainer.loadStateDict(new Map([["iteration", 3]]))).rejects.toThrow(
      new TrainerStateError("state", "has to be a Map with a _trainer"),
    );
    const random = new Map([["generator", "{"]]);
    const inner = new Map<string, unknown>([
      ["iteration", 3],
      ["random", random],
    ]);
    const state = new Map<string, unknown>([
      ["iteration", 3],
      ["_trainer", inner],
    ]);
    await expect(trainer.loadStateDict(state)).rejects.toThrow(
      "has a generator that can't be used",
    );
  });
});

describe("testing a model", () => {
  it("needs a dataset", async () => {
    const { cfg, model } = await create("test");
    await expect(DefaultTrainer.test(cfg, model)).rejects.toThrow(
      new MissingDatasetError("DATASETS.TEST"),
    );
  });

  it("gives the results of several datasets by their names", async () => {
    const { cfg, model } = await create("several", { "DATASETS.TEST": [DATASET, "other"] });
    await registerShapes("other", join(folder, "other"), 2);
    try {
      const results = await DefaultTrainer.test(cfg, model);
      expect(Object.keys(results)).toEqual([DATASET, "other"]);
      expect(results.other).toHaveProperty("segm");
    } finally {
      unregister("other");
    }
  });
});

const golden = goldenRoot();

describe.runIf(golden)("a training of detectron2's", () => {
  it("is resumed: iteration, momentum and learning rate are its", async () => {
    const recorded = join(golden ?? "", "trained", "mask_rcnn_fruits");
    const cfg = getCfg();
    cfg.mergeFromFile(join(recorded, "config.yaml"));
    cfg.mergeFromList(["OUTPUT_DIR", join(folder, "detectron2"), "DATASETS.TEST", []]);
    const trainLoader = (async function* () {})();
    const trainer = await DefaultTrainer.create(cfg, { trainLoader, log: () => {} });
    const report = await trainer.checkpointer.load(join(recorded, "model_final.pth"));
    expect([report.restored, report.missing, report.unexpected]).toEqual([["trainer"], [], []]);
    expect(trainer.iter).toBe(1499);
    for (const { lr } of trainer.optimizer.paramGroups) expect(lr).toBeCloseTo(0.0002, 12);
    const state = trainer.optimizer.stateDict().get("state");
    expect(state).toBeInstanceOf(Map);
    expect((state as Map<unknown, unknown>).size).toBe(197);
  });
});
