import { readCheckpoint, type CheckpointValue } from "@detectron-ts/checkpoint";
import { getCfg } from "@detectron-ts/config";
import { buildModel } from "@detectron-ts/modeling";
import { Parameter } from "@detectron-ts/nn";
import {
  AdamW,
  SGD,
  SolverStateError,
  type StateTensor,
  type StateValue,
} from "@detectron-ts/solver";
import { goldenRoot, loadGolden } from "@detectron-ts/testing";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { setGradient, valuesOf, weights } from "./support.ts";

type Saved = ReadonlyMap<string | number, StateValue>;

/** A state dict as plain objects and numbers, as JSON would show it. */
function plain(value: unknown): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, each]) => [String(key), plain(each)]));
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Float32Array) return [...value];
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

/** What lies at a path of keys. */
function at(root: unknown, ...keys: (string | number)[]): unknown {
  return keys.reduce((value, key) => {
    if (!(value instanceof Map)) throw new Error(`no ${keys.join(".")}`);
    return value.get(key) as unknown;
  }, root);
}

describe("an optimizer's state", () => {
  it("makes the resumed run equal to the uninterrupted one, bit for bit", async () => {
    for (const make of [
      (params: Parameter[]) => new SGD({ params, lr: 0.1, momentum: 0.9, weightDecay: 0.01 }),
      (params: Parameter[]) => new AdamW({ params, lr: 0.1 }),
    ]) {
      const p = weights(1, -2, 3);
      const optimizer = make([p]);
      const step = (each: Parameter, by: { step(): void }, t: number): void => {
        setGradient(each, Math.sin(t), Math.cos(t), 0.1 * t);
        by.step();
      };
      for (let t = 0; t < 5; t++) step(p, optimizer, t);
      const resumed = weights(...valuesOf(p));
      const other = make([resumed]);
      other.paramGroups[0].lr = 77;
      await other.loadStateDict(optimizer.stateDict());
      for (let t = 5; t < 10; t++) {
        step(p, optimizer, t);
        step(resumed, other, t);
      }
      expect(valuesOf(resumed)).toEqual(valuesOf(p));
    }
  });

  it("has the layout of PyTorch's, with parameters counted through all groups", () => {
    const [a, b, c] = [weights(1), weights(2, 3), weights(4)];
    const groups = [{ params: [a], lr: 0.5 }, { params: [b, c] }];
    const optimizer = new SGD({ params: groups, lr: 1, momentum: 0.5 });
    setGradient(b, 1, 2);
    optimizer.step();
    const common = {
      momentum: 0.5,
      dampening: 0,
      weight_decay: 0,
      nesterov: false,
      maximize: false,
      foreach: null,
      differentiable: false,
    };
    expect(plain(optimizer.stateDict())).toEqual({
      state: { 1: { momentum_buffer: { shape: [2], dtype: "float32", data: [1, 2] } } },
      param_groups: [
        { ...common, lr: 0.5, params: [0] },
        { ...common, lr: 1, params: [1, 2] },
      ],
    });
  });

  it("of AdamW has PyTorch's names, and the step as a scalar tensor", () => {
    const p = weights(1);
    const optimizer = new AdamW({ params: [p], betas: [0.5, 0.75] });
    setGradient(p, 2);
    optimizer.step();
    expect(plain(optimizer.stateDict())).toEqual({
      state: {
        0: {
          step: { shape: [], dtype: "float32", data: [1] },
          exp_avg: { shape: [1], dtype: "float32", data: [1] },
          exp_avg_sq: { shape: [1], dtype: "float32", data: [1] },
        },
      },
      param_groups: [
        {
          lr: 0.001,
          betas: [0.5, 0.75],
          eps: 1e-8,
          weight_decay: 0.01,
          amsgrad: false,
          foreach: null,
          maximize: false,
          capturable: false,
          params: [0],
        },
      ],
    });
  });

  it("that PyTorch saved is loaded and saved again unchanged", async () => {
    const golden = loadGolden<{ readonly param_groups: unknown }>(
      new URL("./golden/training", import.meta.url),
    );
    const file = fileURLToPath(new URL("./golden/training_zip.pth", import.meta.url));
    await using checkpoint = await readCheckpoint(file);
    const params = [...checkpoint.model.values()].map(
      ({ shape }) => new Parameter(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape),
    );
    const optimizer = new SGD({ params, lr: 1 });
    await optimizer.loadStateDict(checkpoint.extra.get("optimizer"));
    expect(optimizer.paramGroups).toMatchObject([
      { lr: 0.1 * 0.1, initialLr: 0.1, momentum: 0.9, weightDecay: 0, nesterov: false },
    ]);
    const saved = optimizer.stateDict();
    expect(plain(saved.get("param_groups"))).toEqual(golden.json.param_groups);
    const momenta = [...golden.tensors].filter(([name]) => name.includes("momentum"));
    expect(momenta).toHaveLength(2);
    for (const [i, [, tensor]] of momenta.entries()) {
      expect(at(saved, "state", i, "momentum_buffer")).toMatchObject({ data: tensor.data });
    }
  });

  it("is refused when it does not fit, and then nothing changes", async () => {
    const p = weights(1, 2);
    const optimizer = new SGD({ params: [p], lr: 0.5, momentum: 0.9 });
    setGradient(p, 1, 1);
    optimizer.step();
    const before = plain(optimizer.stateDict());
    const group = new Map<string, StateValue>([
      ["lr", 3],
      ["momentum", 0.1],
      ["weight_decay", 0],
      ["nesterov", false],
      ["params", [0]],
    ]);
    const state = (position: number, ...shape: number[]): Saved =>
      new Map([
        [
          position,
          new Map([["momentum_buffer", { shape, dtype: "float32", data: new Float32Array(2) }]]),
        ],
      ]);
    const dict = (param_groups: StateValue, states: StateValue): Saved =>
      new Map([
        ["param_groups", param_groups],
        ["state", states],
      ]);
    for (const [wrong, path] of [
      [undefined, "optimizer"],
      [new Map(), "param_groups"],
      [dict([group, group], new Map()), "param_groups"],
      [dict([new Map([...group, ["params", [0, 1]]])], new Map()), "param_groups.0.params"],
      [dict([new Map([...group, ["lr", "fast"]])], new Map()), "param_groups.0.lr"],
      [dict([new Map([...group, ["dampening", 0.1]])], new Map()), "param_groups.0.dampening"],
      [dict([new Map([...group, ["maximize", true]])], new Map()), "param_groups.0.maximize"],
      [dict([group], state(1, 2)), "state.1"],
      [dict([group], state(0, 3)), "state.0.momentum_buffer"],
    ] as const) {
      const error: unknown = await optimizer.loadStateDict(wrong).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(SolverStateError);
      expect((error as SolverStateError).path).toBe(path);
      expect(plain(optimizer.stateDict())).toEqual(before);
    }
  });
});

describe.runIf(goldenRoot())("the optimizer of a training by detectron2", () => {
  it.each(["mask_rcnn_fruits", "faster_rcnn_bccd"])(
    "%s is loaded and saved again unchanged",
    async (name) => {
      const folder = join(goldenRoot() ?? "", "trained", name);
      const cfg = getCfg();
      cfg.mergeFromFile(join(folder, "config.yaml"));
      const parameters = buildModel(cfg).namedParameters();
      await using checkpoint = await readCheckpoint(join(folder, "model_final.pth"));
      // The order in which detectron2 counts parameters is that of its model's state dict.
      const ordered = [...checkpoint.model.keys()].flatMap((key) => {
        const parameter = parameters.get(key);
        return parameter === undefined ? [] : [{ key, parameter }];
      });
      expect(ordered).toHaveLength(parameters.size);
      const norms = ordered.filter(({ key }) => key.includes(".norm."));
      const others = ordered.filter((each) => !norms.includes(each));
      const params = [others, norms].map((group) => ({
        params: group.map(({ parameter }) => parameter),
      }));
      const optimizer = new SGD({ params, lr: 1 });

      const saved = at(checkpoint.extra, "trainer", "_trainer", "optimizer") as CheckpointValue;
      await optimizer.loadStateDict(saved);
      expect(optimizer.paramGroups).toMatchObject([
        { initialLr: 0.02, momentum: 0.9, weightDecay: 0.0001 },
        { initialLr: 0.02, momentum: 0.9, weightDecay: 0 },
      ]);
      const again = optimizer.stateDict();
      expect(plain(again.get("param_groups"))).toEqual(plain(at(saved, "param_groups")));
      for (let i = 0; i < ordered.length; i++) {
        const theirs = checkpoint.tensors.get(
          `trainer._trainer.optimizer.state.${i}.momentum_buffer`,
        );
        const { data } = (await theirs?.read()) ?? {};
        const ours = at(again, "state", i, "momentum_buffer") as StateTensor;
        // Two million elements in all: compared as bytes, which is quick.
        const bytes = [data, ours.data].map((array) => Buffer.from(array?.buffer as ArrayBuffer));
        expect(bytes[0].equals(bytes[1])).toBe(true);
      }
    },
  );
});
