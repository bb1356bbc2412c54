import { adopt, coerce, NODE } from "./coerce.ts";
import {
  ComputedKeyError,
  FrozenConfigError,
  InvalidKeyError,
  RenamedKeyError,
  TypeMismatchError,
  UnknownKeyError,
} from "./errors.ts";
import { checkKey, COMPUTED_PREFIX } from "./keys.ts";
import { type Literal, refuseInexact, sameLiteral } from "./literal.ts";
import { nearest } from "./nearest.ts";
import { repr } from "./python-repr.ts";
import { joinKey, type Tree } from "./tree.ts";
import { warn } from "./warn.ts";

/** A value or a section. */
export type Entry = Literal | Node;

/** The keys a config once had, kept at the node they were registered at and looked up by merges into it. */
interface FormerKeys {
  readonly deprecated: Set<string>;
  readonly renamed: Map<string, { readonly newKey: string; readonly note: string | undefined }>;
}

/**
 * The data of one section: its entries and flags, and the rules by which they change. `CfgNode` is the face of it that
 * users see, with the entries as properties.
 */
export class Node {
  readonly entries = new Map<string, Entry>();
  /** The dotted path from the root, empty at the root. */
  readonly path: string;
  readonly formerKeys: FormerKeys = { deprecated: new Set(), renamed: new Map() };
  frozen = false;
  newAllowed = false;

  constructor(path = "") {
    this.path = path;
  }

  /** The full key of an entry, for messages. */
  keyOf(name: string): string {
    return joinKey(this.path, name);
  }

  /** The entry at a dotted path below this node. */
  find(key: string): Entry | undefined {
    const dot = key.indexOf(".");
    if (dot < 0) return this.entries.get(key);
    const section = this.entries.get(key.slice(0, dot));
    return section instanceof Node ? section.find(key.slice(dot + 1)) : undefined;
  }

  /**
   * The section that holds, or would hold, the dotted key, and the key's last part.
   *
   * @throws UnknownKeyError when there is no such section.
   */
  locate(key: string): { parent: Node; name: string } {
    const dot = key.lastIndexOf(".");
    const parent = dot < 0 ? this : this.find(key.slice(0, dot));
    if (!(parent instanceof Node)) throw this.unknown(key);
    return { parent, name: key.slice(dot + 1) };
  }

  /** The error for a key that this node doesn't have, with the nearest that it has. */
  unknown(key: string): UnknownKeyError {
    return new UnknownKeyError(this.keyOf(key), nearest(this.keyOf(key), this.#allKeys()));
  }

  *#allKeys(): Iterable<string> {
    for (const [name, entry] of this.entries) {
      yield this.keyOf(name);
      if (entry instanceof Node) yield* entry.#allKeys();
    }
  }

  /** Adds new keys; sections that exist are extended. */
  add(tree: Tree): void {
    for (const [name, value] of tree) {
      const existing = this.entries.get(name);
      if (existing instanceof Node && value instanceof Map) existing.add(value);
      else if (existing === undefined) this.store(name, this.entryOf(name, value));
      else throw new InvalidKeyError(this.keyOf(name), "it exists already");
    }
  }

  /** Assigns as yacs does: any value over any other, and new keys too, unless the node is frozen. */
  assign(name: string, entry: Entry): void {
    const original = this.entries.get(name);
    const bothValues = !(entry instanceof Node || original instanceof Node);
    this.store(name, bothValues && original ? adopt(entry, original) : entry);
  }

  remove(name: string): void {
    if (!this.entries.has(name)) throw this.unknown(name);
    if (this.frozen) throw new FrozenConfigError(this.keyOf(name));
    this.entries.delete(name);
  }

  /** Every change of an entry comes through here. */
  store(name: string, entry: Entry): void {
    const key = this.keyOf(name);
    checkKey(name, key);
    if (!(entry instanceof Node)) refuseInexact(entry, key);
    if (name.startsWith(COMPUTED_PREFIX)) {
      const original = this.entries.get(name);
      if (original && !sameEntry(original, entry)) {
        throw new ComputedKeyError(key, show(original), show(entry));
      }
    } else if (this.frozen) throw new FrozenConfigError(key);
    this.entries.set(name, entry);
  }

  /** The entry that a tree's value makes under `name`. */
  entryOf(name: string, value: Literal | Tree): Entry {
    if (!(value instanceof Map)) return value;
    const node = new Node(this.keyOf(name));
    node.add(value);
    return node;
  }

  /**
   * Merges a tree of overrides, as yacs's `merge_from_other_cfg`.
   *
   * @param evaluate Applied to every value first.
   */
  merge(tree: Tree, evaluate: (literal: Literal) => Literal): void {
    this.#mergeUnder(this.formerKeys, "", tree, evaluate);
  }

  #mergeUnder(
    former: FormerKeys,
    prefix: string,
    tree: Tree,
    evaluate: (literal: Literal) => Literal,
  ): void {
    for (const [name, value] of tree) {
      const replacement = value instanceof Map ? value : evaluate(value);
      const original = this.entries.get(name);
      const key = joinKey(prefix, name);
      if (original instanceof Node && replacement instanceof Map) {
        original.#mergeUnder(former, key, replacement, evaluate);
      } else if (original) {
        this.store(name, this.#coerced(name, replacement, original));
      } else if (this.newAllowed) {
        this.store(name, this.entryOf(name, replacement));
      } else if (!ignoreFormerKey(former, key)) {
        throw this.unknown(name);
      }
    }
  }

  /** Merges one value at a dotted path, as yacs's `merge_from_list`: the key must exist. */
  mergeAt(key: string, replacement: Literal): void {
    if (ignoreFormerKey(this.formerKeys, key)) return;
    const original = this.find(key);
    if (original === undefined) {
      // Reports a reserved key as such, not as unknown.
      const name = key.slice(key.lastIndexOf(".") + 1);
      checkKey(name, this.keyOf(key));
      throw this.unknown(key);
    }
    const { parent, name } = this.locate(key);
    parent.store(name, parent.#coerced(name, replacement, original));
  }

  #coerced(name: string, replacement: Literal | Tree, original: Entry): Literal {
    const key = this.keyOf(name);
    if (!(replacement instanceof Map || original instanceof Node)) {
      return coerce(replacement, original, key);
    }
    const [expected, got] = [kindOf(original), kindOf(replacement)];
    throw new TypeMismatchError(key, expected, got, show(original), show(replacement));
  }

  /** A deep copy as the section at `path`, flags and former keys included. */
  copy(path: string): Node {
    const copy = new Node(path);
    for (const [name, entry] of this.entries) {
      copy.entries.set(name, entry instanceof Node ? entry.copy(joinKey(path, name)) : entry);
    }
    copy.frozen = this.frozen;
    copy.newAllowed = this.newAllowed;
    for (const key of this.formerKeys.deprecated) copy.formerKeys.deprecated.add(key);
    for (const [key, to] of this.formerKeys.renamed) copy.formerKeys.renamed.set(key, to);
    return copy;
  }

  /** Takes over the entries of another node. Sections that both have stay the same objects. */
  become(other: Node): void {
    for (const name of this.entries.keys()) {
      if (!other.entries.has(name)) this.entries.delete(name);
    }
    for (const [name, entry] of other.entries) {
      const mine = this.entries.get(name);
      if (mine instanceof Node && entry instanceof Node) mine.become(entry);
      else this.entries.set(name, entry);
    }
  }

  /** Runs `change` on a copy and takes the result over, so that nothing changes when it throws. */
  transact(change: (draft: Node) => Node | void): void {
    const draft = this.copy(this.path);
    this.become(change(draft) ?? draft);
  }

  /** Calls `visit` for this node and all below it. */
  forEach(visit: (node: Node) => void): void {
    visit(this);
    for (const entry of this.entries.values()) if (entry instanceof Node) entry.forEach(visit);
  }

  toTree(): Tree {
    return new Map(
      [...this.entries].map(([name, entry]) => [
        name,
        entry instanceof Node ? entry.toTree() : entry,
      ]),
    );
  }

  /** yacs's format: sorted, indented, values as Python writes them. */
  toString(): string {
    const lines = [...this.entries].map(([name, entry]) =>
      entry instanceof Node
        ? `${name}:\n${entry.toString()}`.replaceAll("\n", "\n  ")
        : `${name}: ${entry.kind === "str" ? entry.value : repr(entry)}`,
    );
    return lines.sort().join("\n");
  }
}

/** Equality of values or of sections, whose order of keys doesn't count. */
export function sameEntry(a: Entry, b: Entry): boolean {
  if (!(a instanceof Node) || !(b instanceof Node)) {
    return !(a instanceof Node) && !(b instanceof Node) && sameLiteral(a, b);
  }
  return (
    a.entries.size === b.entries.size &&
    [...a.entries].every(([name, entry]) => {
      const other = b.entries.get(name);
      return other !== undefined && sameEntry(entry, other);
    })
  );
}

/**
 * Whether a key that doesn't exist is a deprecated one, to be ignored with a warning.
 *
 * @throws RenamedKeyError when it has another name now.
 */
function ignoreFormerKey({ deprecated, renamed }: FormerKeys, key: string): boolean {
  const to = renamed.get(key);
  if (to) throw new RenamedKeyError(key, to.newKey, to.note);
  if (!deprecated.has(key)) return false;
  warn(`Deprecated config key (ignoring): ${key}`);
  return true;
}

function kindOf(entry: Entry | Tree): string {
  return entry instanceof Node || entry instanceof Map ? NODE : entry.kind;
}

function show(entry: Entry | Tree): string {
  if (entry instanceof Node) return show(entry.toTree());
  return entry instanceof Map ? `{${[...entry.keys()].join(", ")}}` : repr(entry);
}
