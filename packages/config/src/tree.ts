import { checkKey } from "./keys.ts";
import { dict, isPlainObject, type Literal, literalOf } from "./literal.ts";

/** A mapping as read from a file or an object: sections are trees, everything else is a value. */
export interface Tree extends Map<string, Literal | Tree> {}

/** The tree of nested plain objects; every mapping outside a sequence is a section. See {@link literalOf} for the rest. */
export function treeOf(object: object, path = "", integer: "int" | "number" = "number"): Tree {
  const tree: Tree = new Map();
  for (const [name, value] of Object.entries<unknown>({ ...object })) {
    const key = joinKey(path, name);
    checkKey(name, key);
    tree.set(
      name,
      isPlainObject(value) ? treeOf(value, key, integer) : literalOf(value, key, integer),
    );
  }
  return tree;
}

/** The dotted key of `name` under `path`, which is empty at the root. */
export function joinKey(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** What a mapping becomes inside a sequence, where it is a value and not a section. */
export function asLiteral(node: Literal | Tree): Literal {
  if (!(node instanceof Map)) return node;
  return dict(new Map([...node].map(([key, value]) => [key, asLiteral(value)])));
}
