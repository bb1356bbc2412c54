import type { ConfigCheck } from "./check-config.ts";

/** What became of each config, as a page in Markdown. */
export function configsPage(
  checks: readonly (readonly [name: string, check: ConfigCheck])[],
): string {
  const rows = checks.map(([name, { problem, parameters, flops }]) => [
    `\`${name}\``,
    problem === undefined ? "🟢" : `🔴 ${problem}`,
    parameters === undefined ? "" : parameters.toLocaleString("en"),
    flops === undefined ? "" : (flops / 1e9).toFixed(1),
  ]);
  return `# The ${checks.length} configs

Every YAML file under detectron2's \`configs/\`. Written by \`pnpm bench configs\`, which builds each model and runs it.

- **State**: 🟢 when the model builds; its parameters and buffers have the names and shapes of detectron2's, of which there is a
  recorded list; and a small random image gets through it.
- **Parameters**: numbers in all parameters, those that aren't trained included. Equal to detectron2's wherever the state is 🟢.
- **GFLOPs**: billions of multiply-adds for one image of 800×1216, by [fvcore's rules](../packages/analysis#worth-knowing), with
  as many regions and detections as the config allows: usually 1000 and 100. Norms that are folded into convolutions cost
  nothing. The counts are those of the operations that a run computes; by operator and module, \`detectron analyze\` prints them.

${table(["Config", "State", "Parameters", "GFLOPs"], rows)}
`;
}

/** A table in Markdown, its numbers at the right. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = (column: number): number =>
    Math.max(...[header, ...rows].map((row) => textWidth(row[column])));
  const widths = header.map((_, column) => width(column));
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, column) => {
      const padding = " ".repeat(widths[column] - textWidth(cell));
      return column < 2 ? cell + padding : padding + cell;
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((each, column) =>
    column < 2 ? "-".repeat(each) : `${"-".repeat(each - 1)}:`,
  );
  return [line(header), line(rule), ...rows.map(line)].join("\n");
}

/** Columns that a text takes; the coloured dots take two. */
function textWidth(text: string): number {
  return [...text].reduce((sum, character) => sum + (character > "\u{1f000}" ? 2 : 1), 0);
}
