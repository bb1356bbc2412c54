import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  type ParsedNode,
  Parser,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";

import { ConfigLimitError, InvalidKeyError, UnsafeTagError, YamlError } from "./errors.ts";
import { refuseProto } from "./keys.ts";
import { MAX_CONFIG_BYTES, MAX_NESTING, MAX_VALUES } from "./limits.ts";
import { floating, int, none, sequence, str, type Literal } from "./literal.ts";
import { asLiteral, type Tree } from "./tree.ts";
import { deeperThan } from "./yaml-nesting.ts";
import { resolvePlainScalar } from "./yaml-scalar.ts";

const TAG_PREFIX = "tag:yaml.org,2002:";
const TUPLE_TAG = `${TAG_PREFIX}python/tuple`;
const EVAL_TAG = `${TAG_PREFIX}python/object/apply:eval`;
/** The tags that say what a mapping or sequence is anyway. */
const MAP_TAG = `${TAG_PREFIX}map`;
const SEQUENCE_TAG = `${TAG_PREFIX}seq`;
/** The tags that say what a scalar is; its text must then read as that kind (an int may be called a float). */
const SCALAR_TAGS: Readonly<Record<string, Literal["kind"]>> = {
  [`${TAG_PREFIX}null`]: "None",
  [`${TAG_PREFIX}bool`]: "bool",
  [`${TAG_PREFIX}int`]: "int",
  [`${TAG_PREFIX}float`]: "float",
  [`${TAG_PREFIX}str`]: "str",
  "!": "str",
};

/**
 * The one Python expression that detectron2's own files contain, without its spaces: the anchor sizes of
 * Base-RetinaNet.yaml, three per octave. It is recognised as text, and {@link retinanetSizes} is its value.
 */
const RETINANET_SIZES = "[[x,x*2**(1.0/3),x*2**(2.0/3)]forxin[32,64,128,256,512]]";

function retinanetSizes(): Literal {
  const octaves = [32, 64, 128, 256, 512].map((size) =>
    sequence("list", [int(size), floating(size * 2 ** (1 / 3)), floating(size * 2 ** (2 / 3))]),
  );
  return sequence("list", octaves);
}

/**
 * Reads YAML text with PyYAML's meaning of it: YAML 1.1 scalars, merge keys, aliases, the last value of a repeated key,
 * `!!python/tuple`. Of `!!python/object/apply:eval` only the expression in detectron2's Base-RetinaNet.yaml is known.
 *
 * @param file Names the text in errors.
 * @throws YamlError for broken syntax or text that is no mapping; UnsafeTagError for any other tag; InvalidKeyError for a
 *   key that is no string or `__proto__`; ConfigLimitError for text beyond the limits.
 */
export function loadYaml(text: string, file: string): Tree {
  if (new TextEncoder().encode(text).length > MAX_CONFIG_BYTES) {
    throw new ConfigLimitError(file, "MAX_CONFIG_BYTES", MAX_CONFIG_BYTES);
  }
  return new YamlReader(text, file).read();
}

class YamlReader {
  readonly #text: string;
  readonly #file: string;
  readonly #lines = new LineCounter();
  /** What each anchor names so far; a later anchor of the same name replaces an earlier one. */
  readonly #anchors = new Map<string, ParsedNode>();
  #values = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  read(): Tree {
    const root = this.#parse();
    const tree = root === null ? none : this.#node(root, 1);
    if (tree instanceof Map) return tree;
    throw this.#errorAt(root?.range[0] ?? 0, "the top level must be a mapping of keys to values");
  }

  #parse(): ParsedNode | null {
    const tokens = [...new Parser(this.#lines.addNewLine).parse(this.#text)];
    // Before composing, which recurses and can take the whole process down with it.
    if (deeperThan(MAX_NESTING, tokens)) throw this.#limit("MAX_NESTING", MAX_NESTING);
    const composer = new Composer({
      // Every scalar stays the text it was, so that this reader decides what it means.
      schema: "failsafe",
      version: "1.1",
      uniqueKeys: false,
    });
    const [document, another] = composer.compose(tokens, true, this.#text.length);
    const [error] = document.errors;
    if (error) throw this.#errorAt(error.pos[0], error.message);
    if (another) throw this.#errorAt(another.range[0], "a second document, where one is read");
    // The composer types its documents more widely than it makes them.
    return document.contents as ParsedNode | null;
  }

  #node(node: ParsedNode, depth: number): Literal | Tree {
    if (depth > MAX_NESTING) throw this.#limit("MAX_NESTING", MAX_NESTING);
    if (++this.#values > MAX_VALUES) throw this.#limit("MAX_VALUES", MAX_VALUES);
    if (isAlias(node)) return this.#node(this.#anchored(node), depth);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node);
    return isMap(node) ? this.#map(node, depth) : this.#sequence(node, depth);
  }

  #anchored(alias: ParsedNode & { source: string }): ParsedNode {
    const node = this.#anchors.get(alias.source);
    if (node) return node;
    throw this.#errorAt(alias.range[0], `no anchor named ${alias.source} before this alias`);
  }

  #map(node: YAMLMap.Parsed, depth: number): Tree {
    if (node.tag !== undefined && node.tag !== MAP_TAG) throw this.#unsafe(node, node.tag);
    const inherited: Tree = new Map();
    const own: Tree = new Map();
    for (const { key, value } of node.items) {
      if (isMergeKey(key) && value) this.#inherit(value, depth, inherited);
      else own.set(this.#key(key, depth + 1), value ? this.#node(value, depth + 1) : none);
    }
    for (const [key, value] of own) inherited.set(key, value);
    return inherited;
  }

  /** A merge key's value is a mapping or a sequence of them, the first of which wins. */
  #inherit(value: ParsedNode, depth: number, into: Tree): void {
    const target = isAlias(value) ? this.#anchored(value) : value;
    const parents = isMap(target) || isScalar(target) || isAlias(target) ? [value] : target.items;
    for (const parent of parents) {
      const tree = this.#node(parent, depth + 1);
      if (!(tree instanceof Map)) throw this.#errorAt(parent.range[0], "<< needs a mapping");
      for (const [key, entry] of tree) if (!into.has(key)) into.set(key, entry);
    }
  }

  #key(node: ParsedNode, depth: number): string {
    const key = this.#node(node, depth);
    if (key instanceof Map || key.kind !== "str") {
      const { line } = this.#position(node.range[0]);
      const got = key instanceof Map ? "a mapping" : `a ${key.kind}`;
      const text = isScalar(node) ? String(node.source) : "?";
      throw new InvalidKeyError(text, `keys are strings, got ${got} (${this.#file}:${line})`);
    }
    refuseProto(key.value, key.value);
    return key.value;
  }

  #sequence(node: YAMLSeq.Parsed, depth: number): Literal {
    if (node.tag === EVAL_TAG) return this.#evaluated(node);
    if (node.tag !== undefined && node.tag !== SEQUENCE_TAG && node.tag !== TUPLE_TAG) {
      throw this.#unsafe(node, node.tag);
    }
    const items = node.items.map((item) => asLiteral(this.#node(item, depth + 1)));
    return sequence(node.tag === TUPLE_TAG ? "tuple" : "list", items);
  }

  #evaluated(node: YAMLSeq.Parsed): Literal {
    const [argument, ...others] = node.items;
    if (others.length === 0 && isScalar(argument)) {
      if (String(argument.value).replace(/\s/g, "") === RETINANET_SIZES) return retinanetSizes();
    }
    throw this.#unsafe(node, EVAL_TAG);
  }

  #scalar(node: Scalar.Parsed): Literal {
    const text = String(node.value);
    if (node.tag === undefined) {
      return node.type === Scalar.PLAIN ? resolvePlainScalar(text) : str(text);
    }
    const kind = SCALAR_TAGS[node.tag];
    if (kind === undefined) throw this.#unsafe(node, node.tag);
    if (kind === "str") return str(text);
    const literal = resolvePlainScalar(text);
    if (literal.kind === kind) return literal;
    if (literal.kind === "int" && kind === "float") return floating(literal.value);
    throw this.#errorAt(node.range[0], `${JSON.stringify(text)} is not a ${kind}`);
  }

  #position(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    // An empty text has no lines.
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  #errorAt(offset: number, reason: string): YamlError {
    const { line, column } = this.#position(offset);
    return new YamlError(this.#file, line, column, reason);
  }

  #unsafe(node: ParsedNode, tag: string): UnsafeTagError {
    const { line, column } = this.#position(node.range[0]);
    return new UnsafeTagError(this.#file, line, column, tag.replace(TAG_PREFIX, "!!"));
  }

  #limit(name: string, maximum: number): ConfigLimitError {
    return new ConfigLimitError(this.#file, name, maximum);
  }
}

function isMergeKey(key: ParsedNode): boolean {
  return isScalar(key) && key.type === Scalar.PLAIN && key.value === "<<";
}
