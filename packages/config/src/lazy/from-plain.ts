import { refuseProto } from "../keys.ts";
import { joinKey } from "../tree.ts";
import { LazyTargetError } from "./errors.ts";
import { isBranch, type LazyTarget, nodeOf } from "./node.ts";
import { findTarget } from "./targets.ts";

/** Says in a mapping which registered target it constructs. */
export const TARGET_KEY = "_target_";
/** The only key of a mapping that stands for a registered target itself, such as a class among the options. */
export const NAME_KEY = "_name_";

/**
 * The tree that plain data describe: a mapping with `_target_` is a node, one with `_name_` alone the target itself.
 *
 * @param path Names the data in errors.
 * @throws LazyTargetError when a target's name is no text; NotRegisteredError when nobody registered it.
 */
export function fromPlain(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return value.map((item, i) => fromPlain(item, joinKey(path, `${i}`)));
  if (!isBranch(value)) return value;
  const { [TARGET_KEY]: target, [NAME_KEY]: name, ...rest } = value;
  if (name !== undefined) {
    if (target === undefined && Object.keys(rest).length === 0) return named(name, path);
    throw new LazyTargetError(path, `${NAME_KEY} stands alone, beside it ${Object.keys(rest)}`);
  }
  const members: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(rest)) {
    refuseProto(key, joinKey(path, key));
    members[key] = fromPlain(entry, joinKey(path, key));
  }
  return target === undefined ? members : nodeOf(named(target, path), members);
}

function named(name: unknown, path: string): LazyTarget {
  if (typeof name === "string") return findTarget(name);
  throw new LazyTargetError(path, `a target is named by text, got ${JSON.stringify(name)}`);
}
