import { Document, isScalar, visit } from "yaml";

import { InvalidValueError } from "../errors.ts";
import { refuseProto } from "../keys.ts";
import { asLiteral, joinKey } from "../tree.ts";
import { floatTag, YamlFloat } from "../yaml-dump.ts";
import { loadYaml } from "../yaml-load.ts";
import { fromPlain, NAME_KEY, TARGET_KEY } from "./from-plain.ts";
import { isBranch, isLazy, type LazyTarget, TARGET } from "./node.ts";
import { registeredName } from "./targets.ts";

/**
 * A tree as YAML for people: targets by name, references as they are, numbers and texts as PyYAML writes them. What YAML
 * can't say is named in angle brackets: `<Tensor>`.
 */
export function printLazy(tree: object): string {
  return dump(plain(tree, "", (value) => `<${nameOf(value)}>`));
}

/**
 * A tree as YAML that {@link parseLazyYaml} reads back.
 *
 * @throws InvalidValueError for a value that YAML can't say, or a class or function that nobody registered.
 */
export function dumpLazyYaml(tree: object): string {
  return dump(
    plain(tree, "", (value, path) => {
      throw new InvalidValueError(path, `${nameOf(value)}, which is no registered target`);
    }),
  );
}

/**
 * The tree that YAML text describes. Nothing is imported or evaluated: the text can only name what is registered by
 * {@link registerTarget}, and is read within the limits of all config files.
 *
 * @param file Names the text in errors.
 * @throws NotRegisteredError with the nearest names; LazyTargetError; YamlError, UnsafeTagError and ConfigLimitError.
 */
export function parseLazyYaml(text: string, file = "<string>"): Record<string, unknown> {
  const tree = fromPlain(asLiteral(loadYaml(text, file)).value, "");
  // The top level of YAML is a mapping, and a mapping becomes an object, with or without a target.
  return tree as Record<string, unknown>;
}

type Unprintable = (value: unknown, path: string) => unknown;

function plain(value: unknown, path: string, unprintable: Unprintable): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : new YamlFloat(value);
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) {
    return value.map((item, i) => plain(item, joinKey(path, `${i}`), unprintable));
  }
  const name = registeredName(value);
  if (name !== undefined) return { [NAME_KEY]: name };
  if (!isBranch(value)) return unprintable(value, path);
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .map(([key, entry]): [string, unknown] => {
      refuseProto(key, joinKey(path, key));
      return [key, plain(entry, joinKey(path, key), unprintable)];
    });
  const target = isLazy(value) ? [[TARGET_KEY, targetText(value[TARGET], path, unprintable)]] : [];
  return Object.fromEntries([...target, ...entries]);
}

function targetText(target: LazyTarget, path: string, unprintable: Unprintable): unknown {
  return registeredName(target) ?? unprintable(target, joinKey(path, TARGET_KEY));
}

/** What to call a value that has no text: a function by its name, an object by its class's. */
function nameOf(value: unknown): string {
  if (typeof value === "function") return value.name || "a function";
  if (typeof value !== "object") return typeof value;
  return value?.constructor?.name ?? "object";
}

function dump(value: unknown): string {
  const document = new Document(value, {
    version: "1.1",
    customTags: (tags) => [floatTag, ...tags],
    aliasDuplicateObjects: false,
  });
  // Sequences of scalars in one line: [res2, res3, res4, res5].
  visit(document, {
    Seq(_, node) {
      node.flow = node.items.every((item) => isScalar(item));
    },
  });
  return document.toString({
    directives: false,
    indentSeq: false,
    lineWidth: 0,
    singleQuote: true,
    flowCollectionPadding: false,
  });
}
