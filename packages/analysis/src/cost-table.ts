import type { AnyModule } from "@detectron-ts/nn";
import { markdownTable } from "./markdown-table.ts";
import type { ModelCosts } from "./model-costs.ts";
import { formatCount, parameterCount } from "./parameter-count.ts";

/** Options of {@link costTable}. */
export interface CostTableOptions {
  /** Levels of modules that are shown; 3 when left out. */
  readonly maxDepth?: number;
}

/**
 * Parameters, multiply-adds and activations of each module as a table in Markdown. Modules that neither hold nor cost anything
 * are left out.
 */
export function costTable(
  model: AnyModule,
  { flops, activations }: ModelCosts<unknown>,
  { maxDepth = 3 }: CostTableOptions = {},
): string {
  const parameters = parameterCount(model);
  const rows: string[][] = [];
  for (const path of model.namedModules().keys()) {
    const level = path === "" ? 0 : path.split(".").length;
    const counts = [parameters.get(path) ?? 0, flops.total(path), activations.total(path)];
    if (level > maxDepth || counts.every((count) => count === 0)) continue;
    rows.push([" ".repeat(level) + (path || "model"), ...counts.map(formatCount)]);
  }
  return markdownTable(["module", "parameters", "FLOPs", "activations"], rows);
}
