import {
  applyOverrides,
  ConfigError,
  isLazy,
  lazy,
  LazyOverrideError,
  NotRegisteredError,
  registerTarget,
  TARGET,
  TypeMismatchError,
  UnknownKeyError,
} from "@detectron-ts/config";
import { describe, expect, it } from "vitest";
import { caught } from "../caught.ts";
import { makeStages, Net, OtherNet, Pyramid, Stem } from "./network.ts";

for (const target of [Pyramid, Net, OtherNet, Stem, makeStages]) registerTarget(target);

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
      heads: [lazy(OtherNet, { width: 1 }), lazy(OtherNet, { width: 2 })],
    }),
    train: { maxIter: 90000, outputDir: "./output", amp: { enabled: false }, initCheckpoint: "" },
  };
}

describe("applyOverrides", () => {
  it("changes options by dotted keys, in place", () => {
    const cfg = config();
    const returned = applyOverrides(cfg, [
      "model.bottomUp.stages.depth=101",
      "model.heads.0.width=8",
      "model.heads[1].width=9",
      "train.maxIter=1e2",
      "train.amp.enabled=True",
    ]);
    expect(returned).toBe(cfg);
    expect(cfg.model.bottomUp.stages.depth).toBe(101);
    expect(cfg.model.heads.map(({ width }) => width)).toEqual([8, 9]);
    expect(cfg.train).toMatchObject({ maxIter: 100, amp: { enabled: true } });
  });

  it("reads Python literals, YAML in one line, references and text", () => {
    const read = (text: string): unknown => applyOverrides({ x: undefined }, [`x=${text}`]).x;
    expect(read("(1, 2.5)")).toEqual([1, 2.5]);
    expect(read("None")).toBeNull();
    expect(read("null")).toBeNull();
    expect(read("true")).toBe(true);
    expect(read("[p2, p3]")).toEqual(["p2", "p3"]);
    expect(read("{a: 1, b: [c]}")).toEqual({ a: 1, b: ["c"] });
    expect(read("'1'")).toBe("1");
    expect(read("${..y}")).toBe("${..y}");
    expect(read("detectron2://ImageNetPretrained/MSRA/R-50.pkl")).toMatch(/^detectron2:/);
    expect(read("a=b")).toBe("a=b");
    expect(read("")).toBeNull();
  });

  it("keeps text where text stands", () => {
    const cfg = applyOverrides(config(), ["train.outputDir=2024", "train.initCheckpoint='a.pkl'"]);
    expect(cfg.train).toMatchObject({ outputDir: "2024", initCheckpoint: "a.pkl" });
    expect(applyOverrides(cfg, ["train.outputDir="]).train.outputDir).toBe("");
  });

  it("adds with a plus and removes with a tilde", () => {
    const cfg = applyOverrides<Record<string, object>>(config(), [
      "+model.bottomUp.freezeAt=2",
      "+train.seed=7",
      "+new={deep: {key: 1}}",
      "~model.inFeatures",
      "~model.heads.0",
    ]);
    expect(cfg.model).toMatchObject({ bottomUp: { freezeAt: 2 }, heads: [{ width: 2 }] });
    expect(cfg.model).not.toHaveProperty("inFeatures");
    expect(cfg).toMatchObject({ train: { seed: 7 }, new: { deep: { key: 1 } } });
  });

  it("puts in nodes of registered targets, and changes the target of one", () => {
    const cfg = applyOverrides(config(), [
      "model.bottomUp={_target_: OtherNet, width: 3}",
      "model.heads.0._target_=Stem",
    ]);
    const bottomUp: unknown = cfg.model.bottomUp;
    expect(isLazy(bottomUp) && bottomUp[TARGET]).toBe(OtherNet);
    expect(cfg.model.heads[0][TARGET]).toBe(Stem);
    const wrong = (): unknown => applyOverrides(cfg, ["model.heads.0._target_=OtherNat"]);
    expect(caught(NotRegisteredError, wrong).suggestions).toEqual(["OtherNet"]);
  });

  it("refuses keys that there aren't, with the nearest", () => {
    const suggestions = (override: string): readonly string[] =>
      caught(UnknownKeyError, () => applyOverrides(config(), [override])).suggestions;
    expect(suggestions("model.bottomUp.stages.dept=101")).toEqual(["model.bottomUp.stages.depth"]);
    expect(suggestions("model.bottom_up.stages.depth=1")).toContain("model.bottomUp.stages.depth");
    expect(suggestions("train.max_iter=1")).toEqual(["train.maxIter"]);
    expect(suggestions("~train.maxItre")).toEqual(["train.maxIter"]);
    expect(suggestions("train.maxIter.x=1")).toEqual(["train.maxIter"]);
  });

  it("refuses a number for a boolean, and text for either", () => {
    const mismatch = (override: string): Partial<TypeMismatchError> =>
      caught(TypeMismatchError, () => applyOverrides(config(), [override]));
    expect(mismatch("train.maxIter=1OO")).toMatchObject({
      key: "train.maxIter",
      expected: "number",
      got: "string",
      original: "90000",
      replacement: "1OO",
    });
    expect(mismatch("train.amp.enabled=1").got).toBe("number");
    expect(applyOverrides(config(), ["train.maxIter=${..x}"]).train.maxIter).toBe("${..x}");
  });

  it("refuses what is no override", () => {
    for (const override of ["train.maxIter", "+train.x", "~train.maxIter=3", "=3", "--x=3", ""]) {
      const error = caught(LazyOverrideError, () => applyOverrides(config(), [override]));
      expect(error.override).toBe(override);
    }
  });

  it("can't reach prototypes", () => {
    for (const key of ["+__proto__.polluted", "+train.__proto__", "+constructor.prototype.x"]) {
      expect(() => applyOverrides(config(), [`${key}={polluted: true}`])).toThrow(ConfigError);
    }
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});
