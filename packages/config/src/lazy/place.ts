import { nearest } from "../nearest.ts";
import { joinKey } from "../tree.ts";
import { LazyReferenceError } from "./errors.ts";
import { isBranch, parseReference } from "./node.ts";

/** A value in a tree, and what it is part of. */
export interface Place {
  readonly value: unknown;
  /** The branches around it, from the root inwards; empty for the root. */
  readonly around: readonly Record<string, unknown>[];
  /** Its dotted path; empty for the root. */
  readonly path: string;
}

/** The root of a tree. */
export function rootPlace(tree: unknown): Place {
  return { value: tree, around: [], path: "" };
}

/** The members of a branch. */
export function membersOf({ value, around, path }: Place): (Place & { readonly key: string })[] {
  if (!isBranch(value)) return [];
  return Object.keys(value).map((key) => ({
    key,
    value: value[key],
    around: [...around, value],
    path: joinKey(path, key),
  }));
}

/** Where a node is in a tree, by identity; undefined when it isn't there. */
export function findPlace(tree: unknown, node: unknown): Place | undefined {
  const open: Place[] = [rootPlace(tree)];
  for (let place = open.pop(); place; place = open.pop()) {
    if (place.value === node) return place;
    open.push(...membersOf(place));
  }
  return undefined;
}

/**
 * The place that references lead to from a place, itself if its value is no reference.
 *
 * @throws LazyReferenceError when one leads nowhere, back to itself, or to a branch that it is part of.
 */
export function follow(place: Place): Place {
  const passed = new Set<string>();
  for (let at = place; ; at = step(at)) {
    if (parseReference(at.value) === undefined) return at;
    if (passed.has(at.path)) fail(place, "leads back to itself");
    passed.add(at.path);
  }
}

/** One step along a reference, and along the references on the way. */
function step(place: Place): Place {
  const reference = parseReference(place.value);
  if (reference === undefined) return place;
  const { levels, path } = reference;
  if (levels > place.around.length) {
    fail(place, `climbs ${levels} levels, and there are ${place.around.length} around it`);
  }
  if (path === "") fail(place, "names nothing");
  const depth = levels === 0 ? 0 : place.around.length - levels;
  let at: Place = {
    value: place.around[depth],
    around: place.around.slice(0, depth),
    path: place.path.split(".").slice(0, depth).join("."),
  };
  for (const key of path.split(".")) {
    const members = membersOf(follow(at));
    const member = members.find((candidate) => candidate.key === key);
    if (member === undefined) {
      const keys = members.map((candidate) => candidate.key);
      const where = at.path === "" ? "the root" : at.path;
      fail(place, `finds no ${key} in ${where}`, nearest(key, keys));
    }
    at = member;
  }
  if (place.around.some((branch) => branch === at.value)) {
    fail(place, "leads to a branch that it is part of");
  }
  return at;
}

function fail(place: Place, reason: string, suggestions: readonly string[] = []): never {
  throw new LazyReferenceError(place.path, String(place.value), reason, suggestions);
}
