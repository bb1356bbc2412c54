import { isBranch, isLazy, TARGET } from "./node.ts";
import { registeredName } from "./targets.ts";

/** The longest list or object that stays on one line, in characters. */
const LINE = 80;

/**
 * A tree as TypeScript: `lazy(FPN, { … })`, to be read, or to begin a config of one's own with. Values that have no such
 * text become their names. Mirrors `LazyConfig.to_py`.
 */
export function toTypeScript(tree: unknown): string {
  return `${print(tree, "")}\n`;
}

function print(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    return enclose(
      "[",
      value.map((item) => print(item, `${indent}  `)),
      "]",
      indent,
    );
  }
  if (!isBranch(value)) return printLeaf(value);
  const members = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .map(([key, entry]) => `${propertyName(key)}: ${print(entry, `${indent}  `)}`);
  const options = enclose("{", members, "}", indent);
  if (!isLazy(value)) return options;
  const target = nameOf(value[TARGET]);
  return members.length === 0 ? `lazy(${target})` : `lazy(${target}, ${options})`;
}

/** On one line if it fits, else one member per line. */
function enclose(open: string, members: readonly string[], close: string, indent: string): string {
  const line = members.join(", ");
  if (line.length <= LINE && !line.includes("\n")) {
    return open === "{" && line !== "" ? `{ ${line} }` : `${open}${line}${close}`;
  }
  const lines = members.map((member) => `${indent}  ${member},\n`);
  return `${open}\n${lines.join("")}${indent}${close}`;
}

function printLeaf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return nameOf(value.constructor);
  return typeof value === "function" ? nameOf(value) : String(value);
}

function nameOf(target: object): string {
  const name = "name" in target && typeof target.name === "string" ? target.name : "";
  return registeredName(target) ?? (name || "unnamed");
}

function propertyName(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}
