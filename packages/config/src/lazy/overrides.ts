import { parse } from "yaml";

import { TypeMismatchError, UnknownKeyError } from "../errors.ts";
import { refuseProto } from "../keys.ts";
import { nearest } from "../nearest.ts";
import { parsePythonLiteral } from "../python-literal.ts";
import { LazyOverrideError } from "./errors.ts";
import { fromPlain, TARGET_KEY } from "./from-plain.ts";
import { isBranch, isLazy, parseReference, TARGET } from "./node.ts";
import { membersOf, type Place, rootPlace } from "./place.ts";
import { findTarget } from "./targets.ts";

const OVERRIDE = /^(?<mode>[+~]?)(?<key>[A-Za-z_][\w.[\]]*)(?:=(?<text>.*))?$/s;

/**
 * Changes a tree by what a command line says, in place, in the order given:
 *
 * | override | what it does |
 * |---|---|
 * | `model.backbone.bottomUp.stages.depth=101` | changes an option that is there |
 * | `model.roiHeads.boxPredictors.0.testScoreThresh=0.1` | also in a sequence, or `boxPredictors[0]` |
 * | `+model.backbone.bottomUp.freezeAt=2` | adds one that was left out, or changes it |
 * | `~model.backbone.topBlock` | removes one |
 * | `optimizer._target_=AdamW` | another registered target for the same options |
 *
 * Values are Python literals (`(1, 2)`, `None`) or YAML in one line (`[p2, p3]`, `{_target_: LastLevelMaxPool}`, `null`);
 * what is neither is text, as is anything that replaces text. A number, boolean or text gives way to its own kind, to null,
 * to a sequence or mapping, and to a reference (`${..numClasses}`). Mirrors `LazyConfig.apply_overrides`, where a mistyped
 * key adds an option instead of being an error.
 *
 * @returns the tree.
 * @throws LazyOverrideError for an override of no such form; UnknownKeyError with the nearest keys; TypeMismatchError for a
 *   value of another kind; NotRegisteredError for an unknown target. Those before it have been applied then.
 */
export function applyOverrides<Tree extends object>(
  tree: Tree,
  overrides: readonly string[],
): Tree {
  for (const override of overrides) applyOverride(tree, override);
  return tree;
}

function applyOverride(tree: object, override: string): void {
  const { mode, key, text } = OVERRIDE.exec(override)?.groups ?? {};
  if (key === undefined) {
    throw new LazyOverrideError(override, "wanted is KEY=VALUE, +KEY=VALUE or ~KEY");
  }
  if ((mode === "~") !== (text === undefined)) {
    throw new LazyOverrideError(override, mode === "~" ? "~KEY takes no value" : "has no value");
  }
  const parts = key.replaceAll(/\[(\d+)\]/g, ".$1").split(".");
  const last = parts[parts.length - 1];
  const holder = descend(tree, parts.slice(0, -1), key);
  refuseProto(last, key);
  if (mode === "~") remove(tree, holder, last, key);
  else if (last === TARGET_KEY && isLazy(holder)) holder[TARGET] = findTarget(text);
  else if (mode === "" && !Object.hasOwn(holder, last)) throw unknown(tree, key);
  else holder[last] = replacement(holder[last], text, key);
}

function descend(tree: object, parts: readonly string[], key: string): Record<string, unknown> {
  let at: unknown = tree;
  for (const part of parts) {
    at = isBranch(at) && Object.hasOwn(at, part) ? at[part] : undefined;
    if (!isBranch(at)) throw unknown(tree, key);
  }
  if (isBranch(at)) return at;
  throw unknown(tree, key);
}

function remove(tree: object, holder: Record<string, unknown>, name: string, key: string): void {
  if (!Object.hasOwn(holder, name)) throw unknown(tree, key);
  if (Array.isArray(holder)) holder.splice(Number(name), 1);
  else delete holder[name];
}

function unknown(tree: object, key: string): UnknownKeyError {
  return new UnknownKeyError(key, nearest(key, dottedKeys(rootPlace(tree))));
}

function dottedKeys(place: Place): string[] {
  return membersOf(place).flatMap((member) => [member.path, ...dottedKeys(member)]);
}

/** The value that a text is where another stands. */
function replacement(present: unknown, text: string, key: string): unknown {
  if (typeof present === "string" && parseReference(present) === undefined) {
    return unquoted(text);
  }
  const value = fromPlain(readValue(text), key);
  if (!sameKind(present, value)) {
    throw new TypeMismatchError(key, typeof present, typeof value, String(present), text);
  }
  return value;
}

/** Whether a value may take the place of another: only numbers and booleans insist on their kind. */
function sameKind(present: unknown, value: unknown): boolean {
  if (typeof present !== "number" && typeof present !== "boolean") return true;
  const isScalar = ["number", "boolean", "string"].includes(typeof value);
  return !isScalar || typeof present === typeof value || parseReference(value) !== undefined;
}

/** Where text stands, a number is text too; quotes, null and sequences are what they are. */
function unquoted(text: string): unknown {
  if (text === "") return "";
  const value = readValue(text);
  return typeof value === "number" || typeof value === "boolean" ? text : fromPlain(value, "");
}

function readValue(text: string): unknown {
  if (parseReference(text)) return text;
  const literal = parsePythonLiteral(text);
  if (literal) return literal.value;
  try {
    return parse(text, { schema: "core", maxAliasCount: 0 }) as unknown;
  } catch {
    // Not YAML in one line: text, as a URL with a colon and a space would be.
    return text;
  }
}
