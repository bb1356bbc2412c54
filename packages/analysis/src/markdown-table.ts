/** A table in Markdown whose columns are aligned at the left and as wide as their widest cell; spaces in cells stay. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  // The header stands a little apart, as in fvcore's tables.
  const widths = header.map((title, column) =>
    Math.max(title.length + 2, ...rows.map((row) => row[column].length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  const rule = `|${widths.map((width) => `:${"-".repeat(width + 1)}`).join("|")}|`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}
