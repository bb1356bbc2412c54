import { describe, expect, expectTypeOf, it } from "vitest";
import { inspect } from "node:util";

import {
  CfgNode,
  ComputedKeyError,
  type Config,
  type ConfigValue,
  float,
  FrozenConfigError,
  getCfg,
  InvalidKeyError,
  InvalidValueError,
  nullable,
  RenamedKeyError,
  tuple,
  TypeMismatchError,
  UnknownKeyError,
} from "../src/index.ts";
import { caught } from "./caught.ts";
import { temporaryFile } from "./temporary-file.ts";

describe("reading", () => {
  it("gives values and sections as typed properties", () => {
    const cfg = getCfg();
    expectTypeOf(cfg).toEqualTypeOf<Config>();
    expectTypeOf(cfg.MODEL.RPN.NMS_THRESH).toBeNumber();
    expectTypeOf(cfg.MODEL.RPN.SMOOTH_L1_BETA).toBeNumber();
    expectTypeOf(cfg.MODEL.MASK_ON).toBeBoolean();
    expectTypeOf(cfg.MODEL.META_ARCHITECTURE).toBeString();
    expectTypeOf(cfg.DATASETS.TRAIN).toEqualTypeOf<readonly string[]>();
    expectTypeOf(cfg.MODEL.ANCHOR_GENERATOR.SIZES).toEqualTypeOf<readonly (readonly number[])[]>();
    expectTypeOf(cfg.MODEL.ROI_BOX_CASCADE_HEAD.BBOX_REG_WEIGHTS).toEqualTypeOf<
      readonly (readonly number[])[]
    >();
    expectTypeOf(cfg.SOLVER.WEIGHT_DECAY_BIAS).toEqualTypeOf<number | null>();
    expectTypeOf(cfg.get("MODEL")).toEqualTypeOf<ConfigValue | CfgNode>();

    expect(cfg.MODEL.RPN.NMS_THRESH).toBe(0.7);
    expect(cfg.INPUT.MIN_SIZE_TRAIN).toEqual([800]);
    expect(cfg.MODEL).toBe(cfg.MODEL);
    expect(cfg.MODEL).toBeInstanceOf(CfgNode);
  });

  it("also by dotted path", () => {
    const cfg = getCfg();
    expect(cfg.get("MODEL.RPN.NMS_THRESH")).toBe(0.7);
    expect(cfg.MODEL.get("RPN")).toBe(cfg.MODEL.RPN);
    expect(cfg.has("MODEL.RPN.NMS_THRESH")).toBe(true);
    expect(cfg.has("MODEL.RPN.NMS_THRESH.X")).toBe(false);
    expect(cfg.has("MODEL.RPM")).toBe(false);
  });

  it("behaves as an object of its keys", () => {
    const { AUG } = getCfg().TEST;
    expect(Object.keys(AUG)).toEqual(["ENABLED", "MIN_SIZES", "MAX_SIZE", "FLIP"]);
    expect(AUG.keys()).toEqual(Object.keys(AUG));
    expect("FLIP" in AUG).toBe(true);
    expect("FLAP" in AUG).toBe(false);
    expect({ ...AUG }).toMatchObject({ ENABLED: false, MAX_SIZE: 4000 });
    expect(JSON.parse(JSON.stringify(AUG))).toMatchObject({ FLIP: true });
  });

  it("throws for an absent key in capitals and names the nearest", () => {
    const { MODEL } = getCfg();
    const error = caught(UnknownKeyError, () => Reflect.get(MODEL, "ROI_HEAD"));
    expect(error.key).toBe("MODEL.ROI_HEAD");
    expect(error.suggestions[0]).toBe("MODEL.ROI_HEADS");
    expect(caught(UnknownKeyError, () => getCfg().get("MODEL.roi_heads")).suggestions).toContain(
      "MODEL.ROI_HEADS",
    );
  });

  it("doesn't mistake what the language and tools look for as keys", async () => {
    const cfg = getCfg();
    expect(await cfg).toBe(cfg);
    expect(inspect(cfg.TEST.PRECISE_BN)).toBe("CfgNode {\n  ENABLED: False\n  NUM_ITER: 200\n}");
  });

  it("gives frozen arrays, so that the defaults can't be changed from outside", () => {
    expect(Object.isFrozen(getCfg().MODEL.PIXEL_MEAN)).toBe(true);
  });
});

describe("writing", () => {
  it("assigns properties, and new keys by set", () => {
    const cfg = getCfg();
    cfg.SOLVER.BASE_LR = 1;
    cfg.DATASETS.TRAIN = ["mine"];
    cfg.set("MODEL.MINE", { DEPTH: 3, RATE: float(1) });
    cfg.set("MODEL.MINE.NAME", "x");
    expect(cfg.get("MODEL.MINE.NAME")).toBe("x");
    expect(cfg.SOLVER.dump()).toContain("BASE_LR: 1.0\n");
    expect(cfg.DATASETS.toString()).toContain("TRAIN: ('mine',)");
    // Assignments aren't checked, as in yacs: a fraction makes the key a float.
    cfg.SOLVER.MAX_ITER = 0.5;
    expect(cfg.SOLVER.MAX_ITER).toBe(0.5);
  });

  it("declares new keys with their types", () => {
    const cfg = getCfg().extend({
      MODEL: {
        SHARPEN: { SIGMA: float(1), LEVELS: ["p2"], MODE: nullable<string>(), K: tuple(3) },
      },
    });
    expectTypeOf(cfg.MODEL.SHARPEN.SIGMA).toBeNumber();
    expectTypeOf(cfg.MODEL.SHARPEN.LEVELS).toEqualTypeOf<readonly string[]>();
    expectTypeOf(cfg.MODEL.SHARPEN.MODE).toEqualTypeOf<string | null>();
    expectTypeOf(cfg.MODEL.RPN.NMS_THRESH).toBeNumber();
    cfg.mergeFromList(["MODEL.SHARPEN.SIGMA", "2.0", "MODEL.SHARPEN.MODE", "soft"]);
    expect(cfg.MODEL.SHARPEN.toString()).toBe("K: (3,)\nLEVELS: ['p2']\nMODE: soft\nSIGMA: 2.0");
    expect(() => cfg.extend({ MODEL: { DEVICE: "cpu" } })).toThrow(InvalidKeyError);
  });

  it("copies a section in, so that two configs never share one", () => {
    const section = new CfgNode({ A: 1 });
    const cfg = new CfgNode({ X: {}, Y: {} });
    cfg.set("X", section);
    cfg.set("Y", section);
    cfg.set("X.A", 2);
    expect(cfg.get("Y.A")).toBe(1);
    expect(section.A).toBe(1);
    expect(caught(UnknownKeyError, () => cfg.get("X.B")).key).toBe("X.B");
  });

  it("removes keys", () => {
    const cfg = new CfgNode({ A: 1, B: { C: 2 } });
    cfg.remove("B.C");
    expect(cfg.B.keys()).toEqual([]);
    expect(Reflect.deleteProperty(cfg, "A")).toBe(true);
    expect(cfg.keys()).toEqual(["B"]);
    expect(() => cfg.remove("A")).toThrow(UnknownKeyError);
  });

  it("refuses what a config can't hold", () => {
    const cfg = new CfgNode({ A: 1 });
    for (const value of [undefined, () => 0, new Date(), 10n, Symbol("s"), new Map()]) {
      expect(() => cfg.set("A", value)).toThrow(InvalidValueError);
    }
    expect(caught(InvalidValueError, () => cfg.set("A", [1, [new Date()]]))).toMatchObject({
      key: "A[1][0]",
      got: "a Date",
    });
  });

  it("refuses keys that are methods, prototypes or reserved for files", () => {
    const cfg = new CfgNode({}, { newAllowed: true });
    for (const key of ["__proto__", "constructor", "clone", "get", "_BASE_"]) {
      expect(() => cfg.set(key, 1)).toThrow(InvalidKeyError);
      expect(() => cfg.mergeFromOther(JSON.parse(`{"${key}": 1}`))).toThrow(InvalidKeyError);
    }
    expect(Object.getPrototypeOf(cfg)).toBe(CfgNode.prototype);
  });
});

describe("freezing", () => {
  it("stops every change, in every section, until defrosted", () => {
    const cfg = getCfg();
    cfg.freeze();
    expect(cfg.isFrozen() && cfg.MODEL.RPN.isFrozen()).toBe(true);
    const changes: (() => void)[] = [
      () => (cfg.MODEL.MASK_ON = true),
      () => cfg.set("MODEL.NEW", 1),
      () => cfg.remove("MODEL.MASK_ON"),
      () => cfg.extend({ NEW: 1 }),
      () => cfg.mergeFromList(["MODEL.MASK_ON", "True"]),
      () => cfg.mergeFromOther({ MODEL: { MASK_ON: true } }),
    ];
    for (const change of changes) expect(change).toThrow(FrozenConfigError);
    expect(caught(FrozenConfigError, changes[0]).key).toBe("MODEL.MASK_ON");
    expect(cfg.equals(getCfg())).toBe(true);

    cfg.defrost();
    cfg.MODEL.MASK_ON = true;
    expect(cfg.MODEL.MASK_ON).toBe(true);
  });

  it("lets COMPUTED_ keys be set, once", () => {
    const cfg = getCfg();
    cfg.freeze();
    cfg.set("MODEL.COMPUTED_SIZE", 3);
    cfg.set("MODEL.COMPUTED_SIZE", 3);
    const error = caught(ComputedKeyError, () => cfg.set("MODEL.COMPUTED_SIZE", 4));
    expect(error).toMatchObject({ key: "MODEL.COMPUTED_SIZE", original: "3", replacement: "4" });
  });
});

describe("copies and comparison", () => {
  it("clones deeply and compares by value", () => {
    const cfg = getCfg();
    const copy = cfg.clone();
    expectTypeOf(copy).toEqualTypeOf<Config>();
    expect(copy.equals(cfg)).toBe(true);
    copy.MODEL.RPN.NMS_THRESH = 0.5;
    expect(cfg.MODEL.RPN.NMS_THRESH).toBe(0.7);
    expect(copy.equals(cfg)).toBe(false);
    expect(new CfgNode({ A: 1, B: [1] }).equals(new CfgNode({ B: tuple(1), A: float(1) }))).toBe(
      true,
    );
    expect(new CfgNode({ A: 1 }).equals(new CfgNode({ A: 1, B: 2 }))).toBe(false);
    expect(new CfgNode({ A: [{ X: 1 }] }).equals(new CfgNode({ A: [{ X: 2 }] }))).toBe(false);
  });

  it("clones a section as a config of its own", () => {
    const rpn = getCfg().MODEL.RPN.clone();
    expect(caught(UnknownKeyError, () => rpn.get("NMS_TRESH")).suggestions).toEqual(["NMS_THRESH"]);
  });

  it("dumps what merges back to an equal config, strings that look like literals included", () => {
    const strange = {
      A: "1",
      B: "(1, 2)",
      C: "None",
      D: "it's",
      E: "yes",
      F: "'q'",
      G: "",
      H: "a: b",
    };
    const lists = { L: ["1", "yes", "null", "1.5", "'x'"], M: [[], [{ K: "1", F: float(1) }]] };
    const cfg = new CfgNode({
      ...strange,
      ...lists,
      N: nullable(),
      X: { F: float(1), T: tuple(1) },
    });
    const again = new CfgNode({}, { newAllowed: true });
    again.mergeFromFile(temporaryFile("dump.yaml", cfg.dump()));
    expect(again.equals(cfg)).toBe(true);
    expect(again.dump()).toBe(cfg.dump());
  });

  it("dumps an empty config and an empty section", () => {
    expect(new CfgNode({}).dump()).toBe("{}\n");
    expect(new CfgNode({ A: {} }).dump()).toBe("A: {}\n");
  });
});

describe("merging", () => {
  it("takes KEY VALUE pairs from a command line", () => {
    const cfg = getCfg();
    const words =
      "MODEL.WEIGHTS detectron2://a/b.pkl SOLVER.BASE_LR 1e-3 INPUT.MIN_SIZE_TRAIN (640,672) MODEL.MASK_ON True" +
      " DATASETS.TRAIN ['a','b'] SOLVER.WEIGHT_DECAY_BIAS 0.1 SEED -5";
    cfg.mergeFromList(words.split(" "));
    expect(cfg.MODEL.WEIGHTS).toBe("detectron2://a/b.pkl");
    expect(cfg.SOLVER.BASE_LR).toBe(0.001);
    expect(cfg.INPUT.MIN_SIZE_TRAIN).toEqual([640, 672]);
    expect(cfg.MODEL.MASK_ON).toBe(true);
    expect(cfg.DATASETS.toString()).toContain("TRAIN: ('a', 'b')");
    expect(cfg.SOLVER.WEIGHT_DECAY_BIAS).toBe(0.1);
    expect(cfg.SEED).toBe(-5);
  });

  it("takes JavaScript values, whose integers serve as ints and as floats", () => {
    const cfg = getCfg();
    cfg.mergeFromList(["SOLVER.CLIP_GRADIENTS.CLIP_VALUE", 5, "SEED", 7, "MODEL.WEIGHTS", null]);
    expect(cfg.SOLVER.CLIP_GRADIENTS.toString()).toContain("CLIP_VALUE: 5.0");
    expect(cfg.toString()).toContain("SEED: 7\n");
    expect(() => cfg.mergeFromList(["SEED", 0.5])).toThrow(TypeMismatchError);
    expect(cfg.get("MODEL.WEIGHTS")).toBeNull();
  });

  it("takes plain objects and other configs", () => {
    const cfg = getCfg();
    cfg.mergeFromOther({
      SOLVER: { STEPS: "(1, 2)", BASE_LR: 1 },
      MODEL: { FPN: { IN_FEATURES: ["res2"] } },
    });
    const other = getCfg();
    other.mergeFromOther(cfg);
    expect(other.equals(cfg)).toBe(true);
    expect(other.SOLVER.STEPS).toEqual([1, 2]);
  });

  it("changes nothing when it throws", () => {
    const cfg = getCfg();
    const rpn = cfg.MODEL.RPN;
    expect(() => cfg.mergeFromList(["SEED", "3", "MODEL.RPN.NMS_TRESH", "0.5"])).toThrow(
      UnknownKeyError,
    );
    expect(() => cfg.mergeFromOther({ SEED: 3, MODEL: { MASK_ON: 1 } })).toThrow(TypeMismatchError);
    expect(cfg.equals(getCfg())).toBe(true);
    cfg.mergeFromList(["MODEL.RPN.NMS_THRESH", "0.5"]);
    expect(rpn.NMS_THRESH).toBe(0.5);
  });

  it("tells both types and both values of a mismatch, and how to write an integer as a float", () => {
    const cfg = getCfg();
    const error = caught(TypeMismatchError, () => cfg.mergeFromList(["SOLVER.BASE_LR", "1"]));
    expect(error).toMatchObject({ key: "SOLVER.BASE_LR", expected: "float", got: "int" });
    expect(error).toMatchObject({ original: "0.001", replacement: "1" });
    expect(error.message).toMatch(/Write 1\.0\./);
    expect(caught(TypeMismatchError, () => cfg.mergeFromOther({ MODEL: 3 })).expected).toBe(
      "CfgNode",
    );
    expect(caught(TypeMismatchError, () => cfg.mergeFromOther({ SEED: { X: 1 } })).got).toBe(
      "CfgNode",
    );
  });

  it("adds unknown keys where they are allowed", () => {
    const cfg = new CfgNode({ A: { B: 1 } }, { newAllowed: true });
    cfg.mergeFromOther({ A: { C: "2.0" }, D: { E: 3 } });
    expect(cfg.toString()).toBe("A:\n  B: 1\n  C: 2.0\nD:\n  E: 3");
    cfg.setNewAllowed(false);
    expect(cfg.A.isNewAllowed()).toBe(false);
    expect(() => cfg.mergeFromOther({ A: { X: 1 } })).toThrow(UnknownKeyError);
    // yacs: a list of overrides never adds keys.
    cfg.setNewAllowed(true);
    expect(() => cfg.mergeFromList(["NEW", "1"])).toThrow(UnknownKeyError);
  });

  it("ignores deprecated keys with a warning and explains renamed ones", async () => {
    const cfg = new CfgNode({ A: { B: 1 } });
    cfg.registerDeprecatedKey("A.OLD");
    cfg.registerRenamedKey("A.BEFORE", "A.B", "It counts from one now.");
    const warning = new Promise<Error>((resolve) => process.once("warning", resolve));
    cfg.mergeFromOther({ A: { OLD: 5, B: 2 } });
    expect((await warning).message).toBe("Deprecated config key (ignoring): A.OLD");
    cfg.mergeFromList(["A.OLD", "5"]);
    expect(cfg.toString()).toBe("A:\n  B: 2");
    for (const merge of [
      () => cfg.mergeFromOther({ A: { BEFORE: 1 } }),
      () => cfg.clone().mergeFromList(["A.BEFORE", "1"]),
    ]) {
      const error = caught(RenamedKeyError, merge);
      expect(error).toMatchObject({
        key: "A.BEFORE",
        newKey: "A.B",
        note: "It counts from one now.",
      });
    }
  });
});
