import { Document, type ScalarTag } from "yaml";

import type { Literal } from "./literal.ts";
import { parsePythonLiteral } from "./python-literal.ts";
import { floatRepr, stringRepr } from "./python-repr.ts";
import type { Tree } from "./tree.ts";

/** A number that must be written as a float although JavaScript can't tell. */
export class YamlFloat {
  readonly text: string;
  constructor(value: number) {
    this.text = yamlFloat(value);
  }
}

/** Writes a {@link YamlFloat}. */
export const floatTag: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  // An implied tag, not written out; its test is for reading and never matches.
  default: true,
  test: /(?!)/,
  identify: (value) => value instanceof YamlFloat,
  resolve: (text) => text,
  stringify: ({ value }) => (value instanceof YamlFloat ? value.text : String(value)),
};

/**
 * Writes a tree as PyYAML's `safe_dump` does: keys sorted, block style, tuples as sequences. The text reads back here and
 * in detectron2.
 *
 * yacs evaluates every string it reads, so a string that looks like a literal, `"1"`, would come back as the number. Such
 * strings are written with Python quotes inside the YAML ones (`"'1'"`), which the evaluation takes off again.
 */
export function dumpYaml(tree: Tree): string {
  const document = new Document(plainTree(tree), {
    version: "1.1",
    customTags: (tags) => [floatTag, ...tags],
    aliasDuplicateObjects: false,
    sortMapEntries: true,
  });
  return document.toString({
    directives: false,
    indentSeq: false,
    lineWidth: 0,
    singleQuote: true,
  });
}

function plainTree(tree: Tree): unknown {
  return Object.fromEntries(
    [...tree].map(([key, value]) => [
      key,
      value instanceof Map ? plainTree(value) : plainLeaf(value),
    ]),
  );
}

function plainLeaf(literal: Literal): unknown {
  if (literal.kind !== "str") return plainValue(literal);
  const evaluates = parsePythonLiteral(literal.value) !== undefined;
  return evaluates ? stringRepr(literal.value) : literal.value;
}

function plainValue(literal: Literal): unknown {
  switch (literal.kind) {
    case "float":
      return new YamlFloat(literal.value);
    case "list":
    case "tuple":
      return literal.items.map(plainValue);
    case "dict":
      return Object.fromEntries(
        [...literal.entries].map(([key, entry]) => [key, plainValue(entry)]),
      );
    default:
      return literal.value;
  }
}

/** YAML 1.1 wants a point in every float, and spells the special values with one. */
function yamlFloat(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const text = floatRepr(value);
  return text.includes(".") ? text : text.replace("e", ".0e");
}
