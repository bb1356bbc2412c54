import { loadYamlWithBase } from "./base-files.ts";
import { evaluate } from "./coerce.ts";
import { OverrideListError } from "./errors.ts";
import { reservedNames } from "./keys.ts";
import {
  type ConfigValue,
  type Declared,
  type Float,
  isPlainObject,
  literalOf,
  type Nullable,
  type Tuple,
} from "./literal.ts";
import { type Entry, Node, sameEntry } from "./node.ts";
import { treeOf } from "./tree.ts";
import { downgradeNode, LATEST_VERSION, mergeVersioned, upgradeNode } from "./versions.ts";
import { dumpYaml } from "./yaml-dump.ts";

/** Nested plain objects that declare a config or override one. See {@link float}, {@link tuple}, {@link nullable}. */
export interface ConfigTree {
  readonly [key: string]: unknown;
}

/** The keys of a declaration as properties: sections are nodes, everything else is what it reads as. */
export type NodesOf<T extends object> = {
  [Key in keyof T]: T[Key] extends Float | Tuple<unknown> | Nullable<unknown> | readonly unknown[]
    ? Declared<T[Key]>
    : T[Key] extends object
      ? CfgNode<T[Key]>
      : T[Key];
};

/**
 * A node of a configuration tree, detectron2's `CfgNode`: its keys are properties (`cfg.MODEL.RPN.NMS_THRESH`), typed by
 * the tree it was declared with. Reading a property in CAPITALS that doesn't exist throws an {@link UnknownKeyError}.
 * A `CfgNode` without a type argument is a node whose keys the compiler doesn't know: use `get` and `set` there.
 */
export type CfgNode<T extends object = object> = CfgNodeMethods & NodesOf<T>;

/** Options of a node. */
export interface CfgNodeOptions {
  /** Whether merges may bring keys that aren't there yet. */
  readonly newAllowed?: boolean;
}

/** The data behind each face, which may be a proxy or the object behind it, and the face of each data. */
const nodes = new WeakMap<CfgNodeMethods, Node>();
const faces = new WeakMap<Node, CfgNode>();

/** What every node can do. The names of these methods can't be keys. */
export class CfgNodeMethods {
  /** @throws InvalidKeyError, InvalidValueError */
  constructor(tree: ConfigTree = {}, options: CfgNodeOptions = {}) {
    const node = new Node();
    node.add(treeOf(tree));
    node.forEach((section) => (section.newAllowed = options.newAllowed ?? false));
    return faceOf(node);
  }

  /**
   * The value or section at a dotted path, such as `MODEL.RPN.NMS_THRESH`.
   *
   * @throws UnknownKeyError with the nearest keys.
   */
  get(key: string): ConfigValue | CfgNode {
    const node = dataOf(this);
    const entry = node.find(key);
    if (entry === undefined) throw node.unknown(key);
    return read(entry);
  }

  /** Whether there is a value or section at a dotted path. */
  has(key: string): boolean {
    return dataOf(this).find(key) !== undefined;
  }

  /**
   * Sets the value or section at a dotted path, as assigning the property does; the key may be new. As in yacs the type
   * that was there isn't checked, which merges do. Plain objects become sections, and a section is copied in.
   *
   * @throws FrozenConfigError, InvalidKeyError, InvalidValueError, ComputedKeyError; UnknownKeyError when the section that
   *   should hold the key isn't there.
   */
  set(key: string, value: unknown): void {
    const { parent, name } = dataOf(this).locate(key);
    write(parent, name, value);
  }

  /**
   * Removes the value or section at a dotted path.
   *
   * @throws FrozenConfigError, UnknownKeyError
   */
  remove(key: string): void {
    const { parent, name } = dataOf(this).locate(key);
    parent.remove(name);
  }

  /**
   * Declares new keys. The node returned is this very one, with the new keys known to the compiler; sections that exist
   * are extended.
   *
   * ```ts
   * const cfg = getCfg().extend({ MODEL: { SHARPEN: { SIGMA: float(1), LEVELS: ["p2"] } } });
   * cfg.MODEL.SHARPEN.SIGMA; // a number
   * ```
   *
   * @throws InvalidKeyError when a key holds a value already; InvalidValueError; FrozenConfigError.
   */
  extend<T extends object>(tree: T): this & NodesOf<T> {
    const added = treeOf(tree);
    dataOf(this).transact((draft) => draft.add(added));
    // The compiler can't see that the keys are there now.
    return this as this & NodesOf<T>;
  }

  /** The keys, in the order they were declared. */
  keys(): string[] {
    return [...dataOf(this).entries.keys()];
  }

  /**
   * Merges a YAML file and the files its `_BASE_` names. A file of an older version (VERSION 0 or 1, or no VERSION and a
   * key that only version 1 had) is upgraded on the way, with a warning. The file is read synchronously, nothing in it is
   * evaluated, and nothing changes when an error is thrown.
   *
   * @throws ConfigFileError, BaseConfigError, YamlError, UnsafeTagError, ConfigLimitError for the file; VersionError for a
   *   file newer than this config; and all that {@link mergeFromOther} throws.
   */
  mergeFromFile(file: string): void {
    const tree = loadYamlWithBase(file);
    dataOf(this).transact((draft) => mergeVersioned(draft, tree, file));
  }

  /**
   * Merges KEY, VALUE pairs: `cfg.mergeFromList(["SOLVER.BASE_LR", "0.01", "MODEL.MASK_ON", true])`. Strings are evaluated
   * as Python literals, since they come from a command line. Nothing changes when an error is thrown.
   *
   * @throws OverrideListError for an odd length or a key that is no string; UnknownKeyError, TypeMismatchError,
   *   RenamedKeyError, FrozenConfigError, ComputedKeyError, InvalidKeyError, InvalidValueError.
   */
  mergeFromList(list: readonly unknown[]): void {
    if (list.length % 2 !== 0) throw new OverrideListError(list, `Odd length ${list.length}`);
    dataOf(this).transact((draft) => {
      for (let i = 0; i < list.length; i += 2) {
        const key = list[i];
        if (typeof key !== "string") throw new OverrideListError(list, `Item ${i} is no key`);
        draft.mergeAt(key, evaluate(literalOf(list[i + 1], key)));
      }
    });
  }

  /**
   * Merges another config, or nested plain objects, over this one. Keys must exist here unless new ones are allowed, and
   * types must be yacs's: see the README. Strings in plain objects are evaluated like those of a file; those of a config
   * have been already. Nothing changes when an error is thrown.
   *
   * @throws UnknownKeyError, TypeMismatchError, RenamedKeyError, FrozenConfigError, ComputedKeyError, InvalidKeyError,
   *   InvalidValueError.
   */
  mergeFromOther(other: CfgNodeMethods | ConfigTree): void {
    dataOf(this).transact((draft) => {
      if (other instanceof CfgNodeMethods) draft.merge(dataOf(other).toTree(), (value) => value);
      else draft.merge(treeOf(other), evaluate);
    });
  }

  /** Makes this node and all below it read-only, except for new `COMPUTED_` keys. */
  freeze(): void {
    dataOf(this).forEach((node) => (node.frozen = true));
  }

  /** Makes this node and all below it writable again. */
  defrost(): void {
    dataOf(this).forEach((node) => (node.frozen = false));
  }

  isFrozen(): boolean {
    return dataOf(this).frozen;
  }

  /** A deep copy, frozen if this node is. */
  clone(): this {
    // The compiler can't see that the copy has the same keys.
    return faceOf(dataOf(this).copy("")) as this;
  }

  /** The config as YAML, as PyYAML writes it: sorted keys, tuples as sequences. Merged into the defaults it is the same config. */
  dump(): string {
    return dumpYaml(dataOf(this).toTree());
  }

  /** Whether both have the same keys with equal values, in any order. A list equals a tuple of the same items. */
  equals(other: CfgNodeMethods): boolean {
    return sameEntry(dataOf(this), dataOf(other));
  }

  /** The config in yacs's format: sorted, indented, values as Python writes them. */
  toString(): string {
    return dataOf(this).toString();
  }

  /** Nested plain objects, for `JSON.stringify`. */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(
      [...dataOf(this).entries].map(([name, entry]) => [
        name,
        entry instanceof Node ? faceOf(entry).toJSON() : entry.value,
      ]),
    );
  }

  /** Whether merges may bring new keys to this node. */
  isNewAllowed(): boolean {
    return dataOf(this).newAllowed;
  }

  /** Decides whether merges may bring new keys to this node and all below it. */
  setNewAllowed(allowed: boolean): void {
    dataOf(this).forEach((node) => (node.newAllowed = allowed));
  }

  /** From now on merges into this node ignore the dotted key, which doesn't exist any more, with a warning. */
  registerDeprecatedKey(key: string): void {
    dataOf(this).formerKeys.deprecated.add(key);
  }

  /** From now on merges of the dotted key into this node throw a {@link RenamedKeyError} that says what it is called now. */
  registerRenamedKey(key: string, newKey: string, note?: string): void {
    dataOf(this).formerKeys.renamed.set(key, { newKey, note });
  }
}

for (const name of Object.getOwnPropertyNames(CfgNodeMethods.prototype)) reservedNames.add(name);

// How console.log shows a node; Node looks past the proxy otherwise.
Object.defineProperty(CfgNodeMethods.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: CfgNodeMethods): string {
    return `CfgNode {\n  ${this.toString().replaceAll("\n", "\n  ")}\n}`;
  },
});

/** The constructor of {@link CfgNode}: `new CfgNode({ SOLVER: { BASE_LR: 0.01, STEPS: tuple(1, 2) } })`. */
// A class can't declare the keys of its type argument as members, so its type is stated here.
export const CfgNode = CfgNodeMethods as {
  new <T extends object = object>(tree?: T, options?: CfgNodeOptions): CfgNode<T>;
  readonly prototype: CfgNodeMethods;
};

/**
 * A copy of a config, converted to a newer version of detectron2's keys.
 *
 * @param toVersion The latest version when omitted.
 * @throws VersionError when the config is newer than that or has no VERSION.
 */
export function upgradeConfig(config: CfgNodeMethods, toVersion: number = LATEST_VERSION): CfgNode {
  return faceOf(upgradeNode(dataOf(config), toVersion));
}

/**
 * A copy of a config, converted to an older version of detectron2's keys. Meant for complete configs, to merge a file of
 * that version into; what is new since then keeps its name.
 *
 * @throws VersionError when the config is older than that or has no VERSION.
 */
export function downgradeConfig(config: CfgNodeMethods, toVersion: number): CfgNode {
  return faceOf(downgradeNode(dataOf(config), toVersion));
}

/** A node of declared keys whose integers are ints, which `new CfgNode` can't assume of code it doesn't know. */
export function declareDefaults<T extends object>(tree: T): CfgNode<T> {
  const node = new Node();
  node.add(treeOf(tree, "", "int"));
  // The compiler can't see that the keys are there now.
  return faceOf(node) as CfgNode<T>;
}

function dataOf(face: CfgNodeMethods): Node {
  const node = nodes.get(face);
  if (!node) throw new TypeError("A CfgNode method was called on something else");
  return node;
}

function faceOf(node: Node): CfgNode {
  let face = faces.get(node);
  if (!face) {
    const target: CfgNodeMethods = Object.create(CfgNodeMethods.prototype);
    face = new Proxy(target, keysAsProperties(node));
    nodes.set(face, node);
    faces.set(node, face);
  }
  return face;
}

function read(entry: Entry): ConfigValue | CfgNode {
  return entry instanceof Node ? faceOf(entry) : entry.value;
}

function write(parent: Node, name: string, value: unknown): void {
  const key = parent.keyOf(name);
  if (value instanceof CfgNodeMethods) parent.assign(name, dataOf(value).copy(key));
  else if (isPlainObject(value)) parent.assign(name, parent.entryOf(name, treeOf(value, key)));
  else parent.assign(name, literalOf(value, key));
}

/** Names that are looked up as keys. Others are probed for by the language and tools (`then`, `nodeType`), who expect undefined. */
const KEY_LIKE = /^[A-Z][A-Z0-9_]*$/;

function keysAsProperties(node: Node): ProxyHandler<CfgNodeMethods> {
  return {
    get(target, name, receiver) {
      if (typeof name === "symbol" || name in target) return Reflect.get(target, name, receiver);
      const entry = node.entries.get(name);
      if (entry) return read(entry);
      if (KEY_LIKE.test(name)) throw node.unknown(name);
      return undefined;
    },
    set(_target, name, value) {
      if (typeof name === "symbol") return false;
      write(node, name, value);
      return true;
    },
    has: (target, name) =>
      typeof name === "string" && !(name in target) ? node.entries.has(name) : name in target,
    deleteProperty(_target, name) {
      if (typeof name === "symbol") return false;
      node.remove(name);
      return true;
    },
    ownKeys: () => [...node.entries.keys()],
    getOwnPropertyDescriptor(_target, name) {
      const entry = typeof name === "string" ? node.entries.get(name) : undefined;
      if (!entry) return undefined;
      return { value: read(entry), writable: true, enumerable: true, configurable: true };
    },
  };
}
