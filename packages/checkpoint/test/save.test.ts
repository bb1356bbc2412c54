import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type CheckpointExtra,
  CheckpointNotFoundError,
  DetectionCheckpointer,
  MissingSaveDirError,
  OrderedDict,
  PeriodicCheckpointer,
  readCheckpoint,
  readSafetensors,
  type Stateful,
  UnserializableValueError,
  writePth,
} from "../src/index.ts";
import { FakeEntry, FakeModel } from "./support/fake-model.ts";
import { temporaryFolder } from "./support/golden.ts";

/** A checkpointable that gives a fixed state and remembers what it got. */
class FakeStateful implements Stateful {
  loaded: unknown[] = [];
  constructor(readonly state: unknown) {}

  stateDict(): unknown {
    return this.state;
  }

  loadStateDict(state: unknown): void {
    this.loaded.push(state);
  }
}

function modelOf(values: Readonly<Record<string, readonly number[]>>): FakeModel {
  const model = FakeModel.of(
    Object.fromEntries(Object.entries(values).map(([key, list]) => [key, [list.length]])),
  );
  for (const [key, list] of Object.entries(values)) {
    model.entries.get(key)?.set(Float32Array.from(list));
  }
  return model;
}

const MOMENTUM = { shape: [2], dtype: "float32", data: Float32Array.of(0.5, 0.25) };

function optimizer(): FakeStateful {
  return new FakeStateful({
    state: new Map([[0, { momentum_buffer: MOMENTUM }]]),
    param_groups: [{ lr: 0.1, params: [0] }],
  });
}

const LOADED_OPTIMIZER = new Map<string, unknown>([
  ["state", new Map([[0, new Map([["momentum_buffer", MOMENTUM]])]])],
  [
    "param_groups",
    [
      new Map<string, unknown>([
        ["lr", 0.1],
        ["params", [0]],
      ]),
    ],
  ],
]);

describe("DetectionCheckpointer.save", () => {
  it("writes model, checkpointables and extra values, and names the file", async () => {
    const saveDir = join(temporaryFolder(), "output", "run 1");
    const checkpointer = new DetectionCheckpointer(modelOf({ w: [1, 2] }), {
      saveDir,
      checkpointables: { optimizer: optimizer(), scheduler: new FakeStateful({ last_epoch: 3 }) },
    });
    const path = await checkpointer.save("model_0000002", { iteration: 2 });
    expect(path).toBe(join(saveDir, "model_0000002.pth"));
    expect(readFileSync(join(saveDir, "last_checkpoint"), "utf8")).toBe("model_0000002.pth");
    expect(readdirSync(saveDir).sort()).toEqual(["last_checkpoint", "model_0000002.pth"]);
    await using checkpoint = await readCheckpoint(path);
    expect([...checkpoint.tensors.keys()]).toEqual([
      "model.w",
      "optimizer.state.0.momentum_buffer",
    ]);
    expect([...checkpoint.extra.keys()]).toEqual(["optimizer", "scheduler", "iteration"]);
    expect(checkpoint.imports).toEqual([
      "collections.OrderedDict",
      "torch._utils._rebuild_tensor_v2",
      "torch.FloatStorage",
    ]);
  });

  it("keeps a tensor under two names one tensor", async () => {
    const shared = new FakeEntry([1]);
    shared.set(Float32Array.of(7));
    const model = new FakeModel([
      ["a", shared],
      ["b", shared],
    ]);
    const checkpointer = new DetectionCheckpointer(model, { saveDir: temporaryFolder() });
    const path = await checkpointer.save("model");
    const other = FakeModel.of({ a: [1], b: [1] });
    await new DetectionCheckpointer(other).load(path);
    expect([other.values("a"), other.values("b")]).toEqual([[7], [7]]);
    expect(readFileSync(path).includes("model/data/1")).toBe(false);
  });

  it("exports safetensors without touching the last checkpoint", async () => {
    const saveDir = temporaryFolder();
    const checkpointer = new DetectionCheckpointer(modelOf({ w: [1, 2] }), {
      saveDir,
      checkpointables: { optimizer: optimizer() },
    });
    const extra = { iteration: 9, note: "good", groups: [1] };
    const path = await checkpointer.save("best", extra, { format: "safetensors" });
    const { tensors, metadata } = await readSafetensors(path);
    expect(tensors).toEqual(
      new Map([["w", { shape: [2], dtype: "float32", data: Float32Array.of(1, 2) }]]),
    );
    expect(metadata).toEqual(
      new Map([
        ["iteration", "9"],
        ["note", "good"],
      ]),
    );
    expect(checkpointer.hasCheckpoint()).toBe(false);
  });

  it("wants a folder", async () => {
    const checkpointer = new DetectionCheckpointer(FakeModel.of({}));
    await expect(checkpointer.save("model")).rejects.toThrow(MissingSaveDirError);
    expect(checkpointer.hasCheckpoint()).toBe(false);
    expect(checkpointer.getCheckpointFile()).toBe("");
    expect(checkpointer.getAllCheckpointFiles()).toEqual([]);
  });

  it("says which state it can't write and leaves the last checkpoint as it was", async () => {
    const saveDir = temporaryFolder();
    const checkpointables = { optimizer: new FakeStateful({ step: () => 1 }) };
    const good = new DetectionCheckpointer(modelOf({ w: [1] }), { saveDir });
    const first = await good.save("first");
    const bad = new DetectionCheckpointer(modelOf({ w: [2] }), { saveDir, checkpointables });
    const error: unknown = await bad.save("first").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UnserializableValueError);
    expect(error).toMatchObject({ path: "optimizer.step" });
    const model = FakeModel.of({ w: [1] });
    await new DetectionCheckpointer(model).load(first);
    expect(model.values("w")).toEqual([1]);

    const unreadable = new FakeModel([["w", new FakeEntry([1])]]);
    const save = new DetectionCheckpointer(unreadable, { saveDir }).save("second");
    await expect(save).rejects.toThrow("cannot save model.w: it is an entry without values");
  });

  it("removes what killed processes left, and nothing that is being written", async () => {
    const saveDir = temporaryFolder();
    const id = "01234567-89ab-cdef-0123-456789abcdef";
    for (const name of [`old.pth.${id}.tmp`, `new.pth.${id}.tmp`, "notes.tmp"]) {
      writeFileSync(join(saveDir, name), "");
      const hourAgo = Date.now() / 1000 - 3600;
      if (!name.startsWith("new")) utimesSync(join(saveDir, name), hourAgo, hourAgo);
    }
    await new DetectionCheckpointer(modelOf({ w: [1] }), { saveDir }).save("a");
    expect(readdirSync(saveDir).sort()).toEqual([
      "a.pth",
      "last_checkpoint",
      `new.pth.${id}.tmp`,
      "notes.tmp",
    ]);
  });
});

describe("DetectionCheckpointer.load of a training checkpoint", () => {
  it("restores the checkpointables and returns the rest", async () => {
    const saveDir = temporaryFolder();
    const saved = { optimizer: optimizer(), scheduler: new FakeStateful([1, 2]) };
    const extra = { iteration: 4, losses: { total: 0.5 } };
    const path = await new DetectionCheckpointer(modelOf({ w: [3] }), {
      saveDir,
      checkpointables: saved,
    }).save("model", extra);

    const model = FakeModel.of({ w: [1] });
    const checkpointables = { optimizer: optimizer(), sampler: new FakeStateful(null) };
    const report = await new DetectionCheckpointer(model, { checkpointables }).load(path);
    expect(model.values("w")).toEqual([3]);
    expect(checkpointables.optimizer.loaded).toEqual([LOADED_OPTIMIZER]);
    expect(checkpointables.sampler.loaded).toEqual([]);
    expect(report.restored).toEqual(["optimizer"]);
    expect(report.rest).toEqual(
      new Map<string, unknown>([
        ["scheduler", [1, 2]],
        ["iteration", 4],
        ["losses", new Map([["total", 0.5]])],
      ]),
    );
    expect(report.unread).toEqual([]);
    expect(`${report}`).toContain("Restored beside the model:\n  optimizer");
  });

  it("waits for checkpointables that take their time", async () => {
    const order: string[] = [];
    const entry = new FakeEntry([1]);
    entry.set(Float32Array.of(3));
    const slow: Stateful = {
      stateDict: () => Promise.resolve({ step: 5 }),
      loadStateDict: async (state) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect(state).toEqual(new Map([["step", 5]]));
        order.push("slow");
      },
    };
    const checkpointer = new DetectionCheckpointer(new FakeModel([["w", entry]]), {
      saveDir: temporaryFolder(),
      checkpointables: { slow },
    });
    const path = await checkpointer.save("model");
    entry.set = () => order.push("model");
    await checkpointer.load(path);
    expect(order).toEqual(["slow", "model"]);
  });

  it("does not read an optimizer that nobody asked for", async () => {
    const saveDir = temporaryFolder();
    const path = await new DetectionCheckpointer(modelOf({ w: [3] }), {
      saveDir,
      checkpointables: { optimizer: optimizer() },
    }).save("model", { iteration: 4 });
    const report = await new DetectionCheckpointer(FakeModel.of({ w: [1] })).load(path);
    expect(report.unread).toEqual(["optimizer"]);
    expect(report.rest).toEqual(new Map([["iteration", 4]]));
  });

  it("leaves the model untouched when a checkpointable refuses its state", async () => {
    const saveDir = temporaryFolder();
    const path = await new DetectionCheckpointer(modelOf({ w: [3] }), {
      saveDir,
      checkpointables: { optimizer: optimizer() },
    }).save("model");
    const model = FakeModel.of({ w: [1] });
    const refusing: Stateful = {
      stateDict: () => null,
      loadStateDict: () => {
        throw new RangeError("other parameters");
      },
    };
    const checkpointables = { optimizer: refusing };
    const load = new DetectionCheckpointer(model, { checkpointables }).load(path);
    await expect(load).rejects.toThrow("other parameters");
    expect(model.touched).toEqual([]);
  });
});

describe("DetectionCheckpointer.resumeOrLoad", () => {
  async function trained(): Promise<{ saveDir: string; weights: string }> {
    const saveDir = temporaryFolder();
    const weights = await new DetectionCheckpointer(modelOf({ w: [1] }), {
      saveDir: temporaryFolder(),
      checkpointables: { optimizer: optimizer() },
    }).save("pretrained", { iteration: 89999 });
    const training = new DetectionCheckpointer(modelOf({ w: [2] }), {
      saveDir,
      checkpointables: { optimizer: optimizer() },
    });
    await training.save("model_0000009", { iteration: 9 });
    return { saveDir, weights };
  }

  it("goes on from the last checkpoint with everything", async () => {
    const { saveDir, weights } = await trained();
    const model = FakeModel.of({ w: [1] });
    const checkpointables = { optimizer: optimizer() };
    const checkpointer = new DetectionCheckpointer(model, { saveDir, checkpointables });
    const report = await checkpointer.resumeOrLoad(weights, { resume: true });
    expect(report.file).toBe(join(saveDir, "model_0000009.pth"));
    expect(report.rest.get("iteration")).toBe(9);
    expect(report.restored).toEqual(["optimizer"]);
    expect(checkpointables.optimizer.loaded).toEqual([LOADED_OPTIMIZER]);
    expect(model.values("w")).toEqual([2]);
  });

  it.each([
    ["when it is not to resume", false, true],
    ["when there is no last checkpoint", true, false],
  ])("loads the model and nothing else %s", async (_, resume, hasLast) => {
    const { saveDir, weights } = await trained();
    const model = FakeModel.of({ w: [1] });
    const checkpointables = { optimizer: optimizer() };
    const folder = hasLast ? saveDir : temporaryFolder();
    const checkpointer = new DetectionCheckpointer(model, { saveDir: folder, checkpointables });
    const report = await checkpointer.resumeOrLoad(weights, { resume });
    expect(model.values("w")).toEqual([1]);
    expect(checkpointables.optimizer.loaded).toEqual([]);
    expect(report.restored).toEqual([]);
    expect(report.unread).toEqual(["optimizer"]);
  });

  it("says so when the last checkpoint was deleted", async () => {
    const saveDir = temporaryFolder();
    writeFileSync(join(saveDir, "last_checkpoint"), "model_final.pth\n");
    const checkpointer = new DetectionCheckpointer(FakeModel.of({}), { saveDir });
    expect(checkpointer.getCheckpointFile()).toBe(join(saveDir, "model_final.pth"));
    await expect(checkpointer.resumeOrLoad("")).rejects.toThrow(CheckpointNotFoundError);
  });
});

describe("PeriodicCheckpointer", () => {
  async function run(iterations: number, maxToKeep?: number): Promise<DetectionCheckpointer> {
    const checkpointer = new DetectionCheckpointer(modelOf({ w: [1] }), {
      saveDir: temporaryFolder(),
    });
    const periodic = new PeriodicCheckpointer(checkpointer, {
      period: 3,
      maxIter: iterations,
      maxToKeep,
    });
    for (let iteration = 0; iteration < iterations; iteration++) await periodic.step(iteration);
    return checkpointer;
  }

  it("saves every period and at the end", async () => {
    const checkpointer = await run(10);
    expect(checkpointer.getAllCheckpointFiles().map((path) => basename(path))).toEqual([
      "model_0000002.pth",
      "model_0000005.pth",
      "model_0000008.pth",
      "model_final.pth",
    ]);
    expect(basename(checkpointer.getCheckpointFile())).toBe("model_final.pth");
    const report = await checkpointer.load(checkpointer.getCheckpointFile());
    expect(report.rest.get("iteration")).toBe(9);
  });

  it("keeps the newest and the final checkpoint", async () => {
    const checkpointer = await run(12, 2);
    expect(checkpointer.getAllCheckpointFiles().map((path) => basename(path))).toEqual([
      "model_0000008.pth",
      "model_0000011.pth",
      "model_final.pth",
    ]);
  });

  it("saves extra values, other names, and whenever it is told to", async () => {
    const saveDir = temporaryFolder();
    const checkpointer = new DetectionCheckpointer(modelOf({ w: [1] }), { saveDir });
    const periodic = new PeriodicCheckpointer(checkpointer, { period: 1, filePrefix: "net" });
    const extra: CheckpointExtra = { best: 0.5 };
    await periodic.step(4, extra);
    expect((await checkpointer.load(join(saveDir, "net_0000004.pth"))).rest).toEqual(
      new Map([
        ["iteration", 4],
        ["best", 0.5],
      ]),
    );
    await periodic.save("interrupted");
    expect(existsSync(join(saveDir, "interrupted.pth"))).toBe(true);
  });

  it("refuses periods that are none", () => {
    const checkpointer = new DetectionCheckpointer(FakeModel.of({}));
    expect(() => new PeriodicCheckpointer(checkpointer, { period: 0 })).toThrow(RangeError);
    const wrong = { period: 1, maxToKeep: 1.5 };
    expect(() => new PeriodicCheckpointer(checkpointer, wrong)).toThrow(RangeError);
  });
});

describe("running statistics of frozen norms that a checkpoint lacks", () => {
  const names = ["weight", "bias", "running_mean", "running_var"];
  const frozen = () => FakeModel.of(Object.fromEntries(names.map((name) => [`norm.${name}`, [2]])));
  const tensor = { shape: [2], dtype: "float32", data: Float32Array.of(3, 4) };

  async function load(model: FakeModel, value: unknown) {
    const path = join(temporaryFolder(), "a.pth");
    await writePth(path, value);
    return await new DetectionCheckpointer(model).load(path);
  }

  function withVersion(version: number, module = "norm", prefix = ""): OrderedDict {
    return new OrderedDict(
      new Map([[`${prefix}norm.weight`, tensor]]),
      new Map([["_metadata", new OrderedDict(new Map([[module, { version }]]))]]),
    );
  }

  it("become mean 0 and variance 1 where the file has no versions", async () => {
    const model = frozen();
    const report = await load(model, { "norm.weight": tensor, "norm.bias": tensor });
    expect(model.values("norm.running_mean")).toEqual([0, 0]);
    expect(model.values("norm.running_var")).toEqual([1, 1]);
    expect(report.defaulted).toEqual(["norm.running_mean", "norm.running_var"]);
    expect(report.complete).toBe(true);
  });

  it("do so one by one, whatever became of weight and bias, and in place of another shape", async () => {
    const model = frozen();
    const wrong = { shape: [1], dtype: "float32", data: Float32Array.of(5) };
    const report = await load(model, { "norm.running_mean": tensor, "norm.running_var": wrong });
    expect(report.defaulted).toEqual(["norm.running_var"]);
    expect(report.missing).toEqual(["norm.weight", "norm.bias"]);
    expect(report.incorrectShapes.map(({ modelKey }) => modelKey)).toEqual(["norm.running_var"]);
    expect(model.values("norm.running_mean")).toEqual([3, 4]);
    expect(model.values("norm.running_var")).toEqual([1, 1]);
  });

  it("do so for version 1, and are missing from version 2 on, also of a distributed model", async () => {
    const older = await load(frozen(), withVersion(1));
    expect(older.defaulted).toEqual(["norm.running_mean", "norm.running_var"]);
    const statistics = ["norm.bias", "norm.running_mean", "norm.running_var"];
    for (const state of [withVersion(3), withVersion(3, "module.norm", "module.")]) {
      const model = frozen();
      const report = await load(model, { model: state });
      expect(report.missing).toEqual(statistics);
      expect(report.defaulted).toEqual([]);
      expect(model.touched).toEqual(["norm.weight"]);
    }
  });

  it("are missing of a norm that trains", async () => {
    const model = FakeModel.of({ "norm.weight": [2], "norm.running_var": [2] });
    model.entries.set("norm.num_batches_tracked", new FakeEntry([], "int64"));
    const report = await load(model, { "norm.weight": tensor });
    expect(report.missing).toEqual(["norm.running_var", "norm.num_batches_tracked"]);
  });
});
