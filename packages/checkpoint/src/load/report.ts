import { type CheckpointKey } from "../pickle/explore.ts";
import { type CheckpointFormat } from "../read-checkpoint.ts";
import { type LoadedValue } from "./loaded-value.ts";

/** One tensor that was loaded. */
export interface MatchedKey {
  readonly modelKey: string;
  /** The key in the checkpoint: another one where heuristics matched, Caffe2's blob name for its files. */
  readonly checkpointKey: string;
  readonly shape: readonly number[];
}

/** One tensor that was skipped because its shape differs from the model's. */
export interface IncorrectShape {
  readonly modelKey: string;
  readonly checkpointKey: string;
  readonly checkpointShape: readonly number[];
  readonly modelShape: readonly number[];
}

/** The lists of a {@link LoadReport}. */
export interface LoadReportFields {
  /** The path or URL as it was given; "" when nothing was loaded. */
  readonly source: string;
  /** The local file that was read. */
  readonly file: string | undefined;
  readonly format: CheckpointFormat | undefined;
  readonly author: string | undefined;
  readonly matched: readonly MatchedKey[];
  /** Model keys that got no value; those of incorrect shape are among them. */
  readonly missing: readonly string[];
  /** Checkpoint keys that the model has no use for. */
  readonly unexpected: readonly string[];
  readonly incorrectShapes: readonly IncorrectShape[];
  /** Keys that only one side has and that are known to mean nothing: pixel statistics, cell anchors. */
  readonly ignored: readonly string[];
  /** Running statistics of frozen norms that the checkpoint folded away; they were set to mean 0, variance 1. */
  readonly defaulted: readonly string[];
  /** Checkpointables (optimizer, scheduler, …) that got their state back. */
  readonly restored: readonly string[];
  /** What else stands beside the model: the iteration and other plain values. */
  readonly rest: ReadonlyMap<CheckpointKey, LoadedValue>;
  /** Entries beside the model that hold tensors and that nothing asked for; they were not read. */
  readonly unread: readonly string[];
}

/** What became of every key of the model and of the checkpoint. `toString()` is a table to print. */
export class LoadReport implements LoadReportFields {
  readonly source: string;
  readonly file: string | undefined;
  readonly format: CheckpointFormat | undefined;
  readonly author: string | undefined;
  readonly matched: readonly MatchedKey[];
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly incorrectShapes: readonly IncorrectShape[];
  readonly ignored: readonly string[];
  readonly defaulted: readonly string[];
  readonly restored: readonly string[];
  readonly rest: ReadonlyMap<CheckpointKey, LoadedValue>;
  readonly unread: readonly string[];

  constructor(fields: LoadReportFields) {
    this.source = fields.source;
    this.file = fields.file;
    this.format = fields.format;
    this.author = fields.author;
    this.matched = fields.matched;
    this.missing = fields.missing;
    this.unexpected = fields.unexpected;
    this.incorrectShapes = fields.incorrectShapes;
    this.ignored = fields.ignored;
    this.defaulted = fields.defaulted;
    this.restored = fields.restored;
    this.rest = fields.rest;
    this.unread = fields.unread;
  }

  /** True when every model key got a value and every checkpoint key was used. */
  get complete(): boolean {
    return (
      this.missing.length === 0 && this.unexpected.length === 0 && this.incorrectShapes.length === 0
    );
  }

  toString(): string {
    if (this.source === "") return "No checkpoint: the model keeps its initial values.";
    const author = this.author === undefined ? "" : `, by ${this.author}`;
    const lines = [
      `${this.source} (${this.format}${author}): ${countText(this.matched.length)} loaded`,
    ];
    const renamed = this.matched.filter(
      ({ modelKey, checkpointKey }) => modelKey !== checkpointKey,
    );
    if (renamed.length > 0) {
      lines.push("", ...table(["model", "checkpoint", "shapes"], renamedRows(renamed)));
    }
    const wrong = this.incorrectShapes.map((entry) => [
      entry.modelKey,
      shapeText(entry.checkpointShape),
      shapeText(entry.modelShape),
    ]);
    if (wrong.length > 0) {
      lines.push("", "Skipped for their shapes:");
      lines.push(...table(["key", "checkpoint", "model"], wrong));
    }
    lines.push(...section("Model keys that are not in the checkpoint:", this.missing));
    lines.push(...section("Checkpoint keys that the model does not use:", this.unexpected));
    lines.push(...section("Frozen norms set to mean 0, variance 1:", this.defaulted));
    lines.push(...section("Restored beside the model:", this.restored));
    return lines.join("\n");
  }
}

/** Rows of one module each: the names within it in braces. */
function renamedRows(renamed: readonly MatchedKey[]): string[][] {
  const modules = new Map<string, MatchedKey[]>();
  for (const match of renamed) {
    const [head] = splitKey(match.modelKey);
    const group = modules.get(head);
    if (group === undefined) modules.set(head, [match]);
    else group.push(match);
  }
  return [...modules.values()].map((group) => [
    groupKeys(group.map(({ modelKey }) => modelKey)).join(" "),
    braceCommonPrefix(group.map(({ checkpointKey }) => checkpointKey)),
    group.map(({ shape }) => shapeText(shape)).join(" "),
  ]);
}

/**
 * `a_b_{x, y}` for `a_b_x` and `a_b_y`: the longest common prefix stands before the braces. Caffe2's names
 * have no dots, so this one cuts anywhere.
 */
function braceCommonPrefix(names: readonly string[]): string {
  if (names.length === 1) return names[0];
  let length = 0;
  while (names.every((name) => length < name.length && name[length] === names[0][length])) length++;
  return `${names[0].slice(0, length)}{${names.map((name) => name.slice(length)).join(", ")}}`;
}

/** `module.{bias, weight}` for the keys of each module, in order of first appearance. */
function groupKeys(keys: readonly string[]): string[] {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const [head, tail] = splitKey(key);
    const group = groups.get(head);
    if (group === undefined) groups.set(head, [tail]);
    else group.push(tail);
  }
  return [...groups].map(([head, tails]) => {
    const prefix = head === "" ? "" : `${head}.`;
    return tails.length === 1 ? prefix + tails[0] : `${prefix}{${tails.join(", ")}}`;
  });
}

function splitKey(key: string): [head: string, tail: string] {
  const dot = key.lastIndexOf(".");
  return dot < 0 ? ["", key] : [key.slice(0, dot), key.slice(dot + 1)];
}

function countText(count: number): string {
  return count === 1 ? "1 tensor" : `${count} tensors`;
}

function shapeText(shape: readonly number[]): string {
  return `(${shape.join(", ")})`;
}

function section(title: string, keys: readonly string[]): string[] {
  return keys.length === 0 ? [] : ["", title, ...groupKeys(keys).map((group) => `  ${group}`)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, column) => cell.padEnd(widths[column])).join("  ")}`.trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}
