import { LazyConstructionError, LazyMembershipError, LazyPromiseError } from "./errors.ts";
import {
  type ConstructedBy,
  isBranch,
  isLazy,
  type LazyNode,
  type LazyTarget,
  type Reference,
  TARGET,
} from "./node.ts";
import { findPlace, follow, membersOf, type Place, rootPlace } from "./place.ts";

/** What a tree becomes: nodes what they construct, sequences and plain objects the same of their members. */
export type Instantiated<Tree> =
  Tree extends LazyNode<infer Target>
    ? ConstructedBy<Target>
    : Tree extends (...args: never) => unknown
      ? Tree
      : Tree extends Reference
        ? unknown
        : Tree extends object
          ? { [Key in keyof Tree]: Instantiated<Tree[Key]> }
          : Tree;

/** Options of {@link instantiate}. */
export interface InstantiateOptions {
  /** The tree that the node is a part of, in which its references are looked up; the node alone when left out. */
  readonly within?: object;
}

/**
 * Constructs what a tree describes, from the leaves up: every node by calling its target with its options, every reference
 * as what it leads to. Mirrors `detectron2.config.instantiate`; unlike it, plain objects are searched for nodes too.
 *
 * Each place constructs an object of its own, also where a node stands in several places or is referred to. The tree stays
 * as it is and can be used again.
 *
 * @returns what the node constructs; if that is a promise, the promise.
 * @throws LazyConstructionError, whose `cause` is what the target threw; LazyReferenceError; LazyPromiseError when a part
 *   is a promise, for which see {@link instantiateAsync}; LazyMembershipError when the node isn't within `within`.
 */
export function instantiate<Tree extends object>(
  tree: Tree,
  options: InstantiateOptions = {},
): Instantiated<Tree> {
  const step = construct(placeOf(tree, options), true).next();
  if (!step.done) throw new LazyPromiseError(step.value.path, step.value.target);
  // By construction: each node has become the value of its target's type.
  return step.value as Instantiated<Tree>;
}

/**
 * {@link instantiate} for trees with targets that take time, such as reading a dataset: waits for each before it is given
 * to the next, one after the other.
 *
 * @throws as {@link instantiate}; LazyConstructionError also when a promise is rejected.
 */
export async function instantiateAsync<Tree extends object>(
  tree: Tree,
  options: InstantiateOptions = {},
): Promise<Awaited<Instantiated<Tree>>> {
  const steps = construct(placeOf(tree, options), false);
  let step = steps.next();
  while (!step.done) {
    const { path, target, promise } = step.value;
    try {
      step = steps.next(await promise);
    } catch (error) {
      throw error instanceof LazyConstructionError
        ? error
        : new LazyConstructionError(path, target, error);
    }
  }
  return step.value as Awaited<Instantiated<Tree>>;
}

function placeOf(tree: object, { within = tree }: InstantiateOptions): Place {
  if (within === tree) return rootPlace(tree);
  const place = findPlace(within, tree);
  if (place) return place;
  throw new LazyMembershipError(isLazy(tree) ? targetName(tree[TARGET]) : "plain data");
}

/** A promise that construction waits for before it goes on. */
interface Pending {
  readonly path: string;
  readonly target: string;
  readonly promise: PromiseLike<unknown>;
}

/** Constructs the value of a place; yields promises, and goes on with what they become. */
function* construct(from: Place, isRoot: boolean): Generator<Pending, unknown, unknown> {
  const place = follow(from);
  const { value } = place;
  if (!isBranch(value)) return value;
  const members: [string, unknown][] = [];
  for (const member of membersOf(place)) {
    members.push([member.key, yield* construct(member, false)]);
  }
  if (Array.isArray(value)) return members.map(([, entry]) => entry);
  const options = Object.fromEntries(members);
  if (!isLazy(value)) return options;

  const target = value[TARGET];
  const made = call(target, options, place.path);
  if (isRoot || !isPromise(made)) return made;
  return yield { path: place.path, target: targetName(target), promise: made };
}

function call(target: LazyTarget, options: object, path: string): unknown {
  // The options were checked against the target's when the node was written, or are whatever a file says.
  const given = options as never;
  try {
    return isClass(target) ? new target(given) : target(given);
  } catch (error) {
    throw new LazyConstructionError(path, targetName(target), error);
  }
}

/** A class's `prototype` can't be replaced; that of a function can, and arrow functions have none. */
function isClass(target: LazyTarget): target is new (options: never) => unknown {
  return Object.getOwnPropertyDescriptor(target, "prototype")?.writable === false;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  // Modules are functions, and may have any property: only objects are asked.
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}

/** What a target calls itself. */
function targetName(target: LazyTarget): string {
  return target.name || "a function";
}
