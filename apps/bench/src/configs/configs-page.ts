import type { ConfigCheck } from "./check-config.ts";

/** A config, and what became of it. */
export interface CheckedConfig {
  readonly name: string;
  readonly check: ConfigCheck;
  /** Whether it is known what detectron2's model holds. */
  readonly isRecorded: boolean;
}

/** What became of YAML and lazy configs, as a page in Markdown. */
export function configsPage(
  yaml: readonly CheckedConfig[],
  lazy: readonly CheckedConfig[],
): string {
  return `# The configs

Every config of detectron2 that describes a detector. Written by \`pnpm bench configs\`, which builds each model and runs it.

- **State**: 🟢 when the model builds; its parameters and buffers have the names and shapes of detectron2's, of which there is a
  recorded list; and an image gets through it. 🟡 the same where nothing is recorded.
- **Parameters**: numbers in all parameters, those that aren't trained included. Equal to detectron2's wherever the state is 🟢.
- **GFLOPs**: billions of multiply-adds for one image, by [fvcore's rules](../packages/analysis#worth-knowing), with as many
  regions and detections as the config allows: usually 1000 and 100. Norms that are folded into convolutions cost nothing. The
  counts are those of the operations that a run computes; \`detectron analyze\` prints them by operator and module.

## The ${yaml.length} YAML files under \`configs/\`

Each gets a small random image through with random weights. GFLOPs are for an image of 800×1216.

${table(["Config", "State", "Parameters", "GFLOPs"], yaml.map(cellsOf))}

## The ${lazy.length} lazy configs

Those of detectron2's \`configs/\` and of its projects ViTDet and MViTv2. Images are run dry: through every step, with made-up
results of convolutions and products.

${table(
  ["Config", "State", "Parameters", "Image", "GFLOPs"],
  lazy.map((config) => cellsOf(config).toSpliced(3, 0, imageText(config.check))),
)}
`;
}

/** Name, state, parameters and GFLOPs. */
function cellsOf({ name, check, isRecorded }: CheckedConfig): string[] {
  const { problem, parameters, flops } = check;
  return [
    `\`${name}\``,
    problem === undefined ? (isRecorded ? "🟢" : "🟡") : `🔴 ${problem}`,
    parameters === undefined ? "" : parameters.toLocaleString("en"),
    flops === undefined ? "" : (flops / 1e9).toFixed(1),
  ];
}

function imageText({ imageSize = [800, 1216] }: ConfigCheck): string {
  return imageSize.join("×");
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
