import { describe, expect, it } from "vitest";
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";

import {
  BaseConfigError,
  CfgNode,
  ConfigError,
  ConfigFileError,
  ConfigLimitError,
  getCfg,
  InvalidKeyError,
  InvalidValueError,
  MAX_CONFIG_BYTES,
  OverrideListError,
  TypeMismatchError,
  UnknownKeyError,
  UnsafeTagError,
  VersionError,
  YamlError,
} from "../src/index.ts";
import { loadYaml } from "../src/yaml-load.ts";
import { caught } from "./caught.ts";
import { temporaryFile, temporaryFolder } from "./temporary-file.ts";

/** Writes files into a temporary folder; returns the path of the first. */
function files(contents: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(contents)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return join(folder, Object.keys(contents)[0]);
}

function merged(contents: Record<string, string>) {
  const cfg = getCfg();
  cfg.mergeFromFile(files(contents));
  return cfg;
}

describe("mergeFromFile", () => {
  it("reads detectron2's way of writing tuples, booleans and numbers", () => {
    const cfg = merged({
      "a.yaml": [
        "MODEL:",
        "  MASK_ON: yes",
        "  PIXEL_STD: [57.375, 57.120, 58.395]  # a comment",
        "  WEIGHTS: 'detectron2://ImageNetPretrained/MSRA/R-50.pkl'",
        "INPUT:",
        "  MIN_SIZE_TRAIN: (640, 672, 704)",
        "DATASETS:",
        '  TRAIN: ("coco_2017_train",)',
        "SOLVER:",
        "  BASE_LR: 2e-2",
        "  STEPS: !!python/tuple [1, 2]",
        "  WEIGHT_DECAY_BIAS: None",
        "VERSION: 2",
      ].join("\n"),
    });
    expect(cfg.MODEL.MASK_ON).toBe(true);
    expect(cfg.MODEL.PIXEL_STD).toEqual([57.375, 57.12, 58.395]);
    expect(cfg.INPUT.MIN_SIZE_TRAIN).toEqual([640, 672, 704]);
    expect(cfg.DATASETS.TRAIN).toEqual(["coco_2017_train"]);
    expect(cfg.SOLVER.BASE_LR).toBe(0.02);
    expect(cfg.SOLVER.STEPS).toEqual([1, 2]);
    expect(cfg.SOLVER.WEIGHT_DECAY_BIAS).toBeNull();
  });

  it("inherits from a base, relative to the including file, section by section", () => {
    const cfg = merged({
      "sub/a.yaml": '_BASE_: "../base.yaml"\nMODEL: {MASK_ON: True}\n',
      "base.yaml": "_BASE_: other/root.yaml\nMODEL: {KEYPOINT_ON: True, MASK_ON: False}\nSEED: 1\n",
      "other/root.yaml": "SEED: 5\nVIS_PERIOD: 6\n",
    });
    expect([cfg.MODEL.MASK_ON, cfg.MODEL.KEYPOINT_ON]).toEqual([true, true]);
    expect([cfg.SEED, cfg.VIS_PERIOD]).toEqual([1, 6]);
  });

  it("inherits from a list of bases, of which later ones win", () => {
    const cfg = merged({
      "a.yaml": "_BASE_: [one.yaml, ./two.yaml]\nTEST: {EVAL_PERIOD: 9}\n",
      "one.yaml": "SEED: 1\nVIS_PERIOD: 1\nTEST: {DETECTIONS_PER_IMAGE: 1}\n",
      "two.yaml": "SEED: 2\nTEST: {EVAL_PERIOD: 2}\n",
    });
    expect([cfg.SEED, cfg.VIS_PERIOD]).toEqual([2, 1]);
    expect([cfg.TEST.EVAL_PERIOD, cfg.TEST.DETECTIONS_PER_IMAGE]).toEqual([9, 1]);
  });

  it("accepts absolute paths and paths from the home folder as bases", () => {
    const base = temporaryFile("base.yaml", "SEED: 3\n");
    expect(merged({ "a.yaml": `_BASE_: "${base}"` }).SEED).toBe(3);
    const fromHome = `~/${relative(homedir(), base)}`;
    expect(merged({ "a.yaml": `_BASE_: "${fromHome}"` }).SEED).toBe(3);
  });

  it("computes the anchor sizes of detectron2's Base-RetinaNet.yaml, in any spacing", () => {
    const expression = "[[x, x * 2**(1.0/3), x * 2**(2.0/3) ] for x in [32, 64, 128, 256, 512 ]]";
    for (const text of [
      expression,
      expression.replaceAll(" ", "").replace("forxin", " for x in "),
    ]) {
      const cfg = merged({
        "a.yaml": `MODEL:\n  ANCHOR_GENERATOR:\n    SIZES: !!python/object/apply:eval ["${text}"]\n`,
      });
      const { SIZES } = cfg.MODEL.ANCHOR_GENERATOR;
      expect(SIZES.map((sizes) => sizes[0])).toEqual([32, 64, 128, 256, 512]);
      expect(SIZES[4]).toEqual([512, 645.0795775461751, 812.7493386077181]);
    }
  });

  it("follows anchors, aliases and merge keys", () => {
    const tree = loadYaml(
      "a: &a {x: 1, y: 2}\nb: &b {x: 3, z: 4}\nc: {<<: [*a, *b], y: 5}\nd: *a\ne: {<<: *b}\n",
      "<string>",
    );
    const cfg = new CfgNode({}, { newAllowed: true });
    cfg.mergeFromFile(temporaryFile("a.yaml", "A: &a [1, 2]\nB: *a\n"));
    expect(cfg.toString()).toBe("A: [1, 2]\nB: [1, 2]");
    const section = (name: string) => {
      const node = tree.get(name);
      return node instanceof Map
        ? [...node].map(([k, v]) => [k, v instanceof Map || v.value])
        : node;
    };
    expect(section("c")).toEqual([
      ["x", 1],
      ["y", 5],
      ["z", 4],
    ]);
    expect(section("d")).toEqual([
      ["x", 1],
      ["y", 2],
    ]);
    expect(section("e")).toEqual([
      ["x", 3],
      ["z", 4],
    ]);
  });

  it("lets the last of two equal keys win, as PyYAML does", () => {
    expect(merged({ "a.yaml": "SEED: 1\nSEED: 2\n" }).SEED).toBe(2);
  });

  it("accepts the standard tags", () => {
    const cfg = merged({
      "a.yaml": "SEED: !!int 4\nOUTPUT_DIR: !!str abc\nGLOBAL: !!map {HACK: !!float 2}\n",
    });
    expect([cfg.SEED, cfg.OUTPUT_DIR, cfg.GLOBAL.HACK]).toEqual([4, "abc", 2]);
  });

  it("merges into a config without a VERSION as it is", () => {
    const cfg = new CfgNode({ MODEL: { WEIGHT: "" } });
    cfg.mergeFromFile(temporaryFile("a.yaml", "MODEL: {WEIGHT: x}\n"));
    expect(cfg.MODEL.WEIGHT).toBe("x");
  });

  it("warns when it upgrades an old file", async () => {
    const warning = new Promise<Error>((resolve) => process.once("warning", resolve));
    merged({ "a.yaml": "VERSION: 1\nSEED: 1\n" });
    expect(await warning).toMatchObject({
      name: "ConfigWarning",
      message: expect.stringMatching(/v1 config file .*a\.yaml by upgrading it to v2/),
    });
  });
});

type ErrorClass = abstract new (...args: never[]) => ConfigError;

/** The README's table, row by row: what is wrong, the file, the error and some of its fields. */
const brokenFiles: [what: string, text: string, error: ErrorClass, fields: object][] = [
  ["broken YAML syntax", "MODEL: [1, 2\nSEED: 1\n", YamlError, { line: 2 }],
  ["an empty file", "", YamlError, { line: 1, column: 1 }],
  ["a top level that is no mapping", "- 1\n", YamlError, { line: 1 }],
  ["two documents", "SEED: 1\n---\nSEED: 2\n", YamlError, { line: 2 }],
  ["an alias without its anchor", "SEED: *x\n", YamlError, {}],
  ["a tag that its text contradicts", "SEED: !!int abc\n", YamlError, { line: 1 }],
  ["a merge key on no mapping", "MODEL: {<<: 3}\n", YamlError, { line: 1 }],
  [
    "a Python object",
    "SEED: !!python/object/apply:os.system ['ls']\n",
    UnsafeTagError,
    { tag: "!!python/object/apply:os.system" },
  ],
  [
    "another expression to eval",
    "SEED: !!python/object/apply:eval ['1+1']\n",
    UnsafeTagError,
    { line: 1 },
  ],
  ["a Python name", "SEED: !!python/name:os.system ''\n", UnsafeTagError, {}],
  ["an unknown tag on a section", "MODEL: !mine {}\n", UnsafeTagError, { tag: "!mine" }],
  ["an unknown tag on a list", "SEED: !mine []\n", UnsafeTagError, { tag: "!mine" }],
  ["a key that is no string", "1: 2\n", InvalidKeyError, { key: "1" }],
  ["a boolean key", "on: 2\n", InvalidKeyError, { key: "on" }],
  ["a __proto__ key", "__proto__: {x: 1}\n", InvalidKeyError, { key: "__proto__" }],
  [
    "a __proto__ key inside a list",
    "DATASETS: {TRAIN: [{__proto__: 1}]}\n",
    InvalidKeyError,
    { key: "__proto__" },
  ],
  [
    "a __proto__ key inside a string",
    "DATASETS: {TRAIN: \"[{'__proto__': 1}]\"}\n",
    InvalidKeyError,
    { key: "__proto__" },
  ],
  ["_BASE_ below the top level", "MODEL: {_BASE_: x.yaml}\n", UnknownKeyError, {}],
  [
    "an unknown key",
    "MODEL: {MASK_ONN: True}\n",
    UnknownKeyError,
    { key: "MODEL.MASK_ONN", suggestions: ["MODEL.MASK_ON"] },
  ],
  ["an unknown section", "MODLE: {MASK_ON: True}\n", UnknownKeyError, { key: "MODLE" }],
  [
    "an int for a float",
    "SOLVER: {BASE_LR: 1}\n",
    TypeMismatchError,
    { key: "SOLVER.BASE_LR", expected: "float", got: "int" },
  ],
  [
    "a float for an int",
    "SOLVER: {MAX_ITER: 9e4}\n",
    TypeMismatchError,
    { expected: "int", got: "float" },
  ],
  [
    "an int for a bool",
    "MODEL: {MASK_ON: 1}\n",
    TypeMismatchError,
    { expected: "bool", got: "int" },
  ],
  ["a value for a section", "MODEL: 3\n", TypeMismatchError, { expected: "CfgNode", got: "int" }],
  ["nothing for a section", "MODEL:\n", TypeMismatchError, { expected: "CfgNode", got: "None" }],
  [
    "a section for a value",
    "SEED: {A: 1}\n",
    TypeMismatchError,
    { expected: "int", got: "CfgNode" },
  ],
  [
    "an integer beyond 2^53",
    "SEED: 9007199254740993\n",
    InvalidValueError,
    { key: "SEED", got: "an integer beyond 2^53 (about 9007199254740992)" },
  ],
  ["a newer VERSION", "VERSION: 3\n", VersionError, { version: 3, wanted: 2 }],
  ["a VERSION that is no number", "VERSION: two\n", VersionError, { version: "two" }],
  ["a negative VERSION", "VERSION: -1\n", VersionError, { version: -1 }],
  ["a base that isn't there", "_BASE_: gone.yaml\n", ConfigFileError, { reason: "does not exist" }],
  ["a base that is no path", "_BASE_: 3\n", BaseConfigError, {}],
  ["a base that is a URL", "_BASE_: https://example.com/a.yaml\n", BaseConfigError, {}],
  ["a file that is its own base", "_BASE_: a.yaml\n", BaseConfigError, {}],
  [
    "more than 256 KiB",
    `OUTPUT_DIR: "${"x".repeat(MAX_CONFIG_BYTES)}"\n`,
    ConfigLimitError,
    { limit: "MAX_CONFIG_BYTES", maximum: MAX_CONFIG_BYTES },
  ],
  [
    "nesting beyond 64",
    `SEED: ${"[".repeat(100)}${"]".repeat(100)}\n`,
    ConfigLimitError,
    { limit: "MAX_NESTING" },
  ],
  [
    "nesting that would exhaust the parser",
    "- ".repeat(100_000),
    ConfigLimitError,
    { limit: "MAX_NESTING" },
  ],
  [
    "an alias as a key of its own anchor",
    "&a {? *a : 1}\n",
    ConfigLimitError,
    { limit: "MAX_NESTING" },
  ],
  ["an alias inside its own anchor", "SEED: &a [*a]\n", ConfigLimitError, { limit: "MAX_NESTING" }],
  ["aliases of aliases that explode", bomb(), ConfigLimitError, { limit: "MAX_VALUES" }],
];

/** Ten levels of lists, each of ten aliases to the level before: a billion values in 400 bytes. */
function bomb(): string {
  const levels = Array.from({ length: 10 }, (_, i) => {
    const item = i === 0 ? "x" : `*l${i - 1}`;
    return `L${i}: &l${i} [${Array<string>(10).fill(item).join(", ")}]`;
  });
  return levels.join("\n");
}

describe("a broken file", () => {
  it.each(brokenFiles)(
    "with %s gets its own error and changes nothing",
    (_, text, error, fields) => {
      const cfg = getCfg();
      const path = files({ "a.yaml": text });
      expect(caught(error, () => cfg.mergeFromFile(path))).toMatchObject(fields);
      expect(cfg.equals(getCfg())).toBe(true);
      expect(Object.prototype).not.toHaveProperty("x");
    },
  );

  it("that isn't there, is a folder or is no text is reported with its path", () => {
    const cfg = getCfg();
    const missing = caught(ConfigFileError, () => cfg.mergeFromFile("/nowhere/a.yaml"));
    expect(missing).toMatchObject({ file: "/nowhere/a.yaml", reason: "does not exist" });
    const folder = caught(ConfigFileError, () => cfg.mergeFromFile(temporaryFolder()));
    expect(folder.reason).toBe("is not a file");
    const bytes = temporaryFile("a.yaml", new Uint8Array([0x41, 0x3a, 0xff, 0xfe]));
    expect(caught(ConfigFileError, () => cfg.mergeFromFile(bytes)).reason).toBe(
      "is not UTF-8 text",
    );
  });

  it("names the file that includes a missing base", () => {
    const path = files({ "a.yaml": "_BASE_: b.yaml", "b.yaml": "_BASE_: gone.yaml" });
    const error = caught(ConfigFileError, () => getCfg().mergeFromFile(path));
    expect(error.includedFrom).toBe(join(path, "../b.yaml"));
    expect(error.message).toMatch(/gone\.yaml \(_BASE_ of .*b\.yaml\): does not exist/);
  });

  it("that inherits in a circle shows the circle", () => {
    const path = files({ "a.yaml": "_BASE_: b.yaml", "b.yaml": "_BASE_: a.yaml" });
    const error = caught(BaseConfigError, () => getCfg().mergeFromFile(path));
    expect(error.reason).toMatch(/cycle: .*a\.yaml -> .*b\.yaml -> .*a\.yaml$/);
  });

  it("that turns a base's value into a section is refused", () => {
    const path = files({ "a.yaml": "_BASE_: b.yaml\nSEED: {A: 1}\n", "b.yaml": "SEED: 1\n" });
    expect(() => getCfg().mergeFromFile(path)).toThrow(BaseConfigError);
  });

  it("that multiplies its bases stops at the limit", () => {
    const contents: Record<string, string> = {};
    for (let i = 0; i < 12; i++) contents[`${i}.yaml`] = `_BASE_: [${i + 1}.yaml, ${i + 1}.yaml]\n`;
    contents["12.yaml"] = "SEED: 1\n";
    const error = caught(ConfigLimitError, () => getCfg().mergeFromFile(files(contents)));
    expect(error.limit).toBe("MAX_CONFIG_FILES");
  });
});

describe("a broken override list", () => {
  const cases: [what: string, list: unknown[], error: ErrorClass, fields: object][] = [
    ["an odd length", ["SEED"], OverrideListError, { list: ["SEED"] }],
    ["a key that is no string", [1, 2], OverrideListError, {}],
    ["an unknown key", ["MODEL.MASK_ONN", "True"], UnknownKeyError, { key: "MODEL.MASK_ONN" }],
    ["a path through a value", ["SEED.X", "1"], UnknownKeyError, { key: "SEED.X" }],
    ["_BASE_", ["_BASE_", "x.yaml"], InvalidKeyError, { key: "_BASE_" }],
    ["__proto__", ["__proto__.x", "1"], UnknownKeyError, { key: "__proto__.x" }],
    ["a section as key", ["MODEL", "1"], TypeMismatchError, { expected: "CfgNode" }],
    ["text for a number", ["SEED", "abc"], TypeMismatchError, { expected: "int", got: "str" }],
    ["a dict", ["SEED", "{'a': 1}"], TypeMismatchError, { got: "dict" }],
    ["a value of no config type", ["SEED", new Date()], InvalidValueError, { key: "SEED" }],
  ];

  it.each(cases)("with %s gets its own error", (_what, list, error, fields) => {
    expect(caught(error, () => getCfg().mergeFromList(list))).toMatchObject(fields);
  });
});

describe("a config of another version", () => {
  it("takes no files and converts only in the right direction", async () => {
    const { downgradeConfig, upgradeConfig } = await import("../src/index.ts");
    const old = downgradeConfig(getCfg(), 1);
    const file = temporaryFile("a.yaml", "SEED: 1\n");
    expect(caught(VersionError, () => old.mergeFromFile(file))).toMatchObject({ version: 1 });
    expect(() => upgradeConfig(old, 0)).toThrow("Cannot upgrade from v1 to v0");
    expect(() => upgradeConfig(old, 3)).toThrow(VersionError);
    expect(() => downgradeConfig(old, 2)).toThrow("Cannot downgrade from v1 to v2");
    expect(() => downgradeConfig(old, -1)).toThrow(VersionError);
    expect(() => upgradeConfig(new CfgNode({ A: 1 }))).toThrow("no VERSION");
  });
});
