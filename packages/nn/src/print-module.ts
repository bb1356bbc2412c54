import type { AnyModule } from "./module.ts";

/** The tree of modules in PyTorch's manner: `Name(options)`, children indented below. */
export function printModule(module: AnyModule): string {
  const children = [...module.namedChildren()].map(
    ([name, child]) => `  (${name}): ${child.toString().replaceAll("\n", "\n  ")}`,
  );
  const head = module.extraRepr();
  const body = children.length === 0 ? head : `\n${head && `  ${head}\n`}${children.join("\n")}\n`;
  return `${module.constructor.name}(${body})`;
}
