import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AlreadyRegisteredError,
  cloneLazy,
  ConfigFileError,
  ConfigLimitError,
  dumpLazyYaml,
  instantiate,
  InvalidValueError,
  isLazy,
  lazy,
  LazyTargetError,
  loadLazyConfig,
  NotRegisteredError,
  parseLazyYaml,
  printLazy,
  registerTarget,
  saveLazyConfig,
  toTypeScript,
  UnsafeTagError,
} from "@detectron-ts/config";
import { describe, expect, it } from "vitest";
import { caught } from "../caught.ts";
import { makeStages, Net, OtherNet, Pyramid, Stem } from "./network.ts";

for (const target of [Pyramid, Net, OtherNet, Stem, makeStages]) registerTarget(target);

const folder = mkdtempSync(join(tmpdir(), "lazy-"));

class Unknown {
  readonly secret = 1;
}

function config() {
  return {
    model: lazy(Pyramid, {
      bottomUp: lazy(Net, {
        stem: lazy(Stem, { norm: "BN" }),
        stages: lazy(makeStages, { depth: 50 }),
        outFeatures: ["res2", "res3"],
      }),
      inFeatures: "${.bottomUp.outFeatures}",
      outChannels: 256,
      heads: [lazy(OtherNet, { width: 1.5 })],
    }),
    train: { lr: 1e-5, maxIter: 90000, device: "cpu", seed: null, ema: true, make: makeStages },
  };
}

const YAML = `model:
  _target_: Pyramid
  bottomUp:
    _target_: Net
    stem:
      _target_: Stem
      norm: BN
    stages:
      _target_: makeStages
      depth: 50
    outFeatures: [res2, res3]
  inFeatures: \${.bottomUp.outFeatures}
  outChannels: 256
  heads:
  - _target_: OtherNet
    width: 1.5
train:
  lr: 1.0e-05
  maxIter: 90000
  device: cpu
  seed: null
  ema: true
  make:
    _name_: makeStages
`;

describe("a saved tree", () => {
  it("is readable YAML in the order it was written in", () => {
    expect(printLazy(config())).toBe(YAML);
    expect(dumpLazyYaml(config())).toBe(YAML);
  });

  it("loads as the same tree", async () => {
    const file = join(folder, "config.yaml");
    saveLazyConfig(config(), file);
    expect(readFileSync(file, "utf8")).toBe(YAML);
    const loaded = await loadLazyConfig(file);
    expect(loaded).toEqual(config());
    expect(instantiate(loaded)).toEqual(instantiate(config()));
  });

  it("keeps text that looks like something else", () => {
    const tree = { a: "1", b: "null", c: "yes", d: "1e-3", e: "", f: "(1, 2)", g: "a: b", h: "#" };
    expect(parseLazyYaml(dumpLazyYaml(tree))).toEqual(tree);
    const numbers = { a: 0, b: -3, c: 1e300, d: 1e-7, e: Infinity, f: 0.1 };
    expect(parseLazyYaml(dumpLazyYaml(numbers))).toEqual(numbers);
  });

  it("needs every class registered, though any can be printed", () => {
    const tree = { model: lazy(Unknown), object: new Unknown(), f: () => 1 };
    expect(printLazy(tree)).toBe("model:\n  _target_: <Unknown>\nobject: <Unknown>\nf: <f>\n");
    expect(caught(InvalidValueError, () => dumpLazyYaml(tree))).toMatchObject({
      key: "model._target_",
    });
    expect(caught(InvalidValueError, () => dumpLazyYaml({ x: new Unknown() })).key).toBe("x");
  });

  it("reads as TypeScript too", () => {
    expect(toTypeScript(config())).toBe(`{
  model: lazy(Pyramid, {
    bottomUp: lazy(Net, {
      stem: lazy(Stem, { norm: "BN" }),
      stages: lazy(makeStages, { depth: 50 }),
      outFeatures: ["res2", "res3"],
    }),
    inFeatures: "\${.bottomUp.outFeatures}",
    outChannels: 256,
    heads: [lazy(OtherNet, { width: 1.5 })],
  }),
  train: {
    lr: 0.00001,
    maxIter: 90000,
    device: "cpu",
    seed: null,
    ema: true,
    make: makeStages,
  },
}
`);
  });
});

describe("YAML from anywhere", () => {
  it("can name nothing that isn't registered", () => {
    const read = (text: string): unknown => parseLazyYaml(text);
    const error = caught(NotRegisteredError, () => read("a: {_target_: Pyramidd}"));
    expect(error.suggestions).toEqual(["Pyramid"]);
    expect(() => read("a: {_target_: child_process.exec, command: ls}")).toThrow(
      NotRegisteredError,
    );
    expect(() => read("a: !!python/object/apply:os.system ['ls']")).toThrow(UnsafeTagError);
    expect(() => read("a: {_name_: eval}")).toThrow(NotRegisteredError);
  });

  it("says what is wrong with a target", () => {
    expect(caught(LazyTargetError, () => parseLazyYaml("a: [{_target_: 3}]")).path).toBe("a.0");
    const both = "a: {_name_: Stem, norm: BN}";
    expect(caught(LazyTargetError, () => parseLazyYaml(both)).reason).toMatch("stands alone");
  });

  it("stays within the limits of config files", async () => {
    const file = join(folder, "large.yaml");
    writeFileSync(file, `a: "${"x".repeat(1 << 19)}"`);
    await expect(loadLazyConfig(file)).rejects.toThrow(ConfigLimitError);
    expect(() => parseLazyYaml("a: ".padEnd(400, "["))).toThrow(ConfigLimitError);
  });
});

describe("loadLazyConfig", () => {
  it("takes the nodes and objects that a module exports, each time anew", async () => {
    const file = join(folder, "exported.mjs");
    writeFileSync(file, "export const train = { maxIter: 5 };\nexport const word = 'x';\n");
    const loaded = await loadLazyConfig(file);
    expect(loaded).toEqual({ train: { maxIter: 5 } });
    Object.assign(loaded, { train: { maxIter: 6 } });
    expect(await loadLazyConfig(file)).toEqual({ train: { maxIter: 5 } });
  });

  it("takes what a module's function config returns", async () => {
    const file = join(folder, "function.mjs");
    writeFileSync(file, "export const config = async () => ({ train: { maxIter: 5 } });\n");
    expect(await loadLazyConfig(file)).toEqual({ train: { maxIter: 5 } });
  });

  it("says what is wrong with a file", async () => {
    const empty = join(folder, "empty.mjs");
    writeFileSync(empty, "export const word = 'x';\n");
    await expect(loadLazyConfig(empty)).rejects.toThrow(ConfigFileError);
    await expect(loadLazyConfig(join(folder, "none.mjs"))).rejects.toThrow(ConfigFileError);
    await expect(loadLazyConfig(join(folder, "none.yaml"))).rejects.toThrow(ConfigFileError);
    await expect(loadLazyConfig("config.py")).rejects.toThrow("TypeScript or JavaScript");
  });
});

describe("registerTarget", () => {
  it("takes a target once or more, and a name once", () => {
    expect(registerTarget(Stem)).toBe(Stem);
    expect(() => registerTarget(OtherNet, "Stem")).toThrow(AlreadyRegisteredError);
  });
});

describe("cloneLazy", () => {
  it("shares no node, sequence or object", () => {
    const cfg = config();
    const copy = cloneLazy(cfg);
    expect(copy).toEqual(cfg);
    copy.model.bottomUp.stages.depth = 18;
    copy.train.maxIter = 1;
    expect(cfg.model.bottomUp.stages.depth).toBe(50);
    expect(cfg.train.maxIter).toBe(90000);
    expect(isLazy(copy.model.bottomUp)).toBe(true);
  });
});
