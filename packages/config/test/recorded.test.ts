import { describe, expect, it } from "vitest";
import { readFileSync } from "node:fs";

import {
  CfgNode,
  downgradeConfig,
  float,
  getCfg,
  TypeMismatchError,
  upgradeConfig,
  YamlError,
} from "../src/index.ts";
import { floating, str } from "../src/literal.ts";
import { parsePythonLiteral } from "../src/python-literal.ts";
import { floatRepr, repr, stringRepr } from "../src/python-repr.ts";
import { loadYaml } from "../src/yaml-load.ts";
import { dumpYaml } from "../src/yaml-dump.ts";
import { temporaryFile } from "./temporary-file.ts";

// What Python, PyYAML and detectron2 themselves answer; see golden/README.md.
function golden(name: string): string {
  return readFileSync(new URL(`./golden/${name}`, import.meta.url), "utf8");
}

describe("the defaults", () => {
  it("dump to the very text that detectron2's defaults dump to", () => {
    expect(getCfg().dump()).toBe(golden("defaults.yaml"));
  });

  it("print as yacs prints them, tuples and floats included", () => {
    expect(`${getCfg().toString()}\n`).toBe(golden("defaults.txt"));
  });

  it.each([1, 0])("downgrade to detectron2's version %i and back", (version) => {
    const old = downgradeConfig(getCfg(), version);
    expect(old.dump()).toBe(golden(`defaults_v${version}.yaml`));
    expect(upgradeConfig(old).equals(getCfg())).toBe(true);
  });
});

describe("a string value", () => {
  const cases: [text: string, pythonRepr: string | null][] = JSON.parse(golden("literals.json"));

  it.each(cases)("%j is what Python's literal_eval makes of it", (text, pythonRepr) => {
    const literal = parsePythonLiteral(text);
    expect(literal ? repr(literal) : null).toBe(pythonRepr);
  });
});

describe("a plain YAML scalar", () => {
  const cases: [text: string, pythonRepr: string][] = JSON.parse(golden("yaml_scalars.json"));

  it.each(cases)("%s is what PyYAML makes of it", (text, pythonRepr) => {
    const read = () => loadYaml(`k: ${text}`, "<string>").get("k");
    if (pythonRepr.startsWith("!")) return expect(read).toThrow(YamlError);
    const value = read();
    expect(value instanceof Map || !value ? value : repr(value)).toBe(pythonRepr);
  });
});

describe("a merge over a value of another type", () => {
  const cases: [original: string, replacement: string, outcome: string][] = JSON.parse(
    golden("merges.json"),
  );

  it.each(cases)("%s, then %s, gives yacs's outcome %s", (original, replacement, outcome) => {
    const cfg = new CfgNode({}, { newAllowed: true });
    cfg.mergeFromOther({ K: original });
    const merge = () => cfg.mergeFromList(["K", replacement]);
    if (outcome.startsWith("!")) {
      expect(merge).toThrow(TypeMismatchError);
      return;
    }
    merge();
    // yacs prints a string bare.
    expect(cfg.toString()).toBe(`K: ${outcome.replaceAll("'", "")}`);
  });
});

describe("numbers and strings", () => {
  it("print floats as Python does, and write them as PyYAML does", () => {
    const cases: [value: number | "inf", python: string, yaml: string][] = JSON.parse(
      golden("floats.json"),
    );
    for (const [value, python, yaml] of cases) {
      const number = value === "inf" ? Infinity : value;
      // JSON has no -0.
      const signed = python === "-0.0" ? -0 : number;
      expect(floatRepr(signed)).toBe(python);
      expect(dumpYaml(new Map([["k", floating(signed)]]))).toBe(`k: ${yaml}\n`);
    }
  });

  it("print strings as Python does, and read them back", () => {
    const cases: [value: string, python: string][] = JSON.parse(golden("strings.json"));
    for (const [value, python] of cases) {
      expect(stringRepr(value)).toBe(python);
      expect(parsePythonLiteral(python)).toEqual(str(value));
    }
  });
});

describe("a file of an older version", () => {
  type Changes = Record<string, unknown>;
  const cases: [name: string, text: string, changes: Changes][] = JSON.parse(
    golden("old_files.json"),
  );

  it.each(cases)("%s merges as in detectron2 and keeps custom keys", (_name, text, changes) => {
    const cfg = getCfg().extend({ USER_CUSTOM: 1 });
    cfg.mergeFromFile(temporaryFile("old.yaml", text));

    const expected = getCfg().extend({ USER_CUSTOM: 1 });
    for (const [key, value] of Object.entries(changes)) expected.set(key, value);
    expect(cfg.dump()).toBe(expected.dump());
    expect(cfg.VERSION).toBe(2);
  });

  it("keeps a float a float through the conversion", () => {
    const cfg = getCfg().extend({ USER: { RATE: float(2) } });
    cfg.mergeFromFile(temporaryFile("old.yaml", "VERSION: 1\nUSER: {RATE: 3.0}\n"));
    expect(cfg.USER.dump()).toBe("RATE: 3.0\n");
  });
});
