import type { AnyModule } from "@detectron-ts/nn";
import { markdownTable } from "./markdown-table.ts";

/**
 * How many numbers a model's parameters hold: by the name of each parameter and of each module around it, in the order in
 * which they come up; the whole model's under the empty name. Buffers, such as those of a frozen norm, are none. Mirrors
 * fvcore's `parameter_count`.
 */
export function parameterCount(model: AnyModule): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [name, { size }] of model.namedParameters()) {
    const names = name.split(".");
    for (let depth = 0; depth <= names.length; depth++) {
      const path = names.slice(0, depth).join(".");
      counts.set(path, (counts.get(path) ?? 0) + size);
    }
  }
  return counts;
}

/** Options of {@link parameterCountTable}. */
export interface ParameterCountTableOptions {
  /** Levels of modules that are shown; 3 when left out. */
  readonly maxDepth?: number;
}

/**
 * The counts of {@link parameterCount} as a table in Markdown, a row for each module and the shapes of parameters. Mirrors
 * fvcore's `parameter_count_table`.
 */
export function parameterCountTable(
  model: AnyModule,
  { maxDepth = 3 }: ParameterCountTableOptions = {},
): string {
  const counts = parameterCount(model);
  const parameters = model.namedParameters();
  const rows: [name: string, value: string][] = [["model", formatCount(counts.get("") ?? 0)]];
  const fill = (level: number, prefix: string): void => {
    if (level >= maxDepth) return;
    const indent = " ".repeat(level + 1);
    for (const [name, count] of counts) {
      if (name === "" || name.split(".").length - 1 !== level || !name.startsWith(prefix)) continue;
      const parameter = parameters.get(name);
      const value = parameter ? formatShape(parameter.shape) : formatCount(count);
      rows.push([indent + name, indent + value]);
      if (!parameter) fill(level + 1, `${name}.`);
    }
  };
  fill(0, "");
  return markdownTable(["name", "#elements or shape"], rows);
}

/** As fvcore writes counts: `0.2G` from a hundred millions on, `0.1M` from a hundred thousands on. */
export function formatCount(count: number): string {
  if (count > 1e8) return `${(count / 1e9).toFixed(1)}G`;
  if (count > 1e5) return `${(count / 1e6).toFixed(1)}M`;
  if (count > 1e2) return `${(count / 1e3).toFixed(1)}K`;
  return String(count);
}

/** `(256, 64, 1, 1)`, `(256,)`. */
function formatShape(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}
