import { InvalidValueError } from "./errors.ts";
import { refuseProto } from "./keys.ts";

/** A value of a config, as JavaScript sees it. Sequences are frozen arrays, whether Python has a list or a tuple. */
export type ConfigValue =
  | null
  | boolean
  | number
  | string
  | readonly ConfigValue[]
  | { readonly [key: string]: ConfigValue };

/**
 * A value together with the Python type it stands for.
 *
 * JavaScript has one kind of number and one kind of array; yacs compares exact types, and a dump must give detectron2
 * back the types it wrote. So a config keeps for each value what its text said: `1` is an int, `1.0` a float, `(1,)` a
 * tuple. An integer that came from JavaScript code could be either, and is `number` until a merge decides.
 * `dict` only occurs inside sequences; anywhere else a mapping is a node.
 */
export type Literal =
  | { readonly kind: "None"; readonly value: null }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "int" | "float" | "number"; readonly value: number }
  | { readonly kind: "str"; readonly value: string }
  | {
      readonly kind: "list" | "tuple";
      readonly value: readonly ConfigValue[];
      readonly items: readonly Literal[];
    }
  | {
      readonly kind: "dict";
      readonly value: { readonly [key: string]: ConfigValue };
      readonly entries: ReadonlyMap<string, Literal>;
    };

export const none: Literal = { kind: "None", value: null };

export function bool(value: boolean): Literal {
  return { kind: "bool", value };
}

export function str(value: string): Literal {
  return { kind: "str", value };
}

export function int(value: number): Literal {
  return { kind: "int", value: value === 0 ? 0 : value }; // Python's -0 is 0
}

export function floating(value: number): Literal {
  return { kind: "float", value };
}

export function sequence(kind: "list" | "tuple", items: readonly Literal[]): Literal {
  return { kind, items, value: Object.freeze(items.map((item) => item.value)) };
}

export function dict(entries: ReadonlyMap<string, Literal>): Literal {
  const value = Object.fromEntries([...entries].map(([key, entry]) => [key, entry.value]));
  return { kind: "dict", entries, value: Object.freeze(value) };
}

/** Marks a number in a declaration as a Python float, which only matters when it is an integer: see {@link float}. */
export class Float {
  readonly marker = "float";
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Marks a sequence in a declaration as a Python tuple: see {@link tuple}. */
export class Tuple<Item> {
  readonly marker = "tuple";
  readonly items: readonly Item[];
  constructor(items: readonly Item[]) {
    this.items = items;
  }
}

/** Declares a value that may also be null: see {@link nullable}. */
export class Nullable<Value> {
  readonly marker = "nullable";
  readonly value: Value | null;
  constructor(value: Value | null) {
    this.value = value;
  }
}

/** Declares a float whose value is an integer: `BETA: float(0)`. Dumped as `0.0`, as detectron2 needs to read it. */
export function float(value: number): Float {
  return new Float(value);
}

/** Declares a tuple: `STEPS: tuple(60000, 80000)`, or `TRAIN: tuple<string>()` for an empty one. */
export function tuple<Item>(...items: readonly Item[]): Tuple<Item> {
  return new Tuple(items);
}

/** Declares a value that may be null, and is unless told otherwise: `WEIGHT_DECAY_BIAS: nullable<number>()`. */
export function nullable<Value>(value: Value | null = null): Nullable<Value> {
  return new Nullable(value);
}

/** What a declared value reads as. */
export type Declared<Value> = Value extends Float
  ? number
  : Value extends Tuple<infer Item>
    ? readonly Declared<Item>[]
    : Value extends Nullable<infer Inner>
      ? Declared<Inner> | null
      : Value extends readonly (infer Item)[]
        ? readonly Declared<Item>[]
        : Value;

/**
 * The literal of a value from JavaScript code.
 *
 * @param key Names the value in errors.
 * @param integer What an integer is: `int` where the author is known to mean one, else `number`.
 * @throws InvalidValueError for anything a config can't hold.
 */
export function literalOf(
  value: unknown,
  key: string,
  integer: "int" | "number" = "number",
): Literal {
  if (value === null) return none;
  if (value instanceof Float) return floating(value.value);
  if (value instanceof Nullable) return literalOf(value.value, key, integer);
  switch (typeof value) {
    case "boolean":
      return bool(value);
    case "string":
      return str(value);
    case "number":
      return Number.isInteger(value) ? { kind: integer, value } : floating(value);
  }
  const items = value instanceof Tuple ? value.items : value;
  if (Array.isArray(items)) {
    const literals = items.map((item: unknown, i) => literalOf(item, `${key}[${i}]`, integer));
    return sequence(value instanceof Tuple ? "tuple" : "list", literals);
  }
  if (!isPlainObject(value)) throw new InvalidValueError(key, describe(value));
  const entries = Object.entries(value).map(([name, entry]): [string, Literal] => {
    refuseProto(name, `${key}.${name}`);
    return [name, literalOf(entry, `${key}.${name}`, integer)];
  });
  return dict(new Map(entries));
}

/** True for objects written as `{…}` or parsed from JSON, not for instances of classes. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  if (typeof value !== "object")
    return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
  return `a ${value?.constructor?.name ?? "object"}`;
}

/** Equality of values: numbers by value, lists and tuples alike by their items. */
export function sameLiteral(a: Literal, b: Literal): boolean {
  if (isSequence(a) && isSequence(b)) {
    return (
      a.items.length === b.items.length && a.items.every((item, i) => sameLiteral(item, b.items[i]))
    );
  }
  if (a.kind === "dict" && b.kind === "dict") {
    return (
      a.entries.size === b.entries.size &&
      [...a.entries].every(([key, entry]) => {
        const other = b.entries.get(key);
        return other !== undefined && sameLiteral(entry, other);
      })
    );
  }
  return a.value === b.value;
}

export function isSequence(
  literal: Literal,
): literal is Extract<Literal, { kind: "list" | "tuple" }> {
  return literal.kind === "list" || literal.kind === "tuple";
}

export function isNumber(literal: Literal): literal is Extract<Literal, { value: number }> {
  return literal.kind === "int" || literal.kind === "float" || literal.kind === "number";
}

/** @throws InvalidValueError when an int lies beyond 2^53, where a JavaScript number may not be the one that was written. */
export function refuseInexact(literal: Literal, key: string): void {
  if (literal.kind === "int" && !Number.isSafeInteger(literal.value)) {
    throw new InvalidValueError(key, `an integer beyond 2^53 (about ${literal.value})`);
  }
  if (isSequence(literal)) for (const item of literal.items) refuseInexact(item, key);
  if (literal.kind === "dict") {
    for (const entry of literal.entries.values()) refuseInexact(entry, key);
  }
}
