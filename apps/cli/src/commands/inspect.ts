import type { Command } from "commander";
import type { CheckpointSummary } from "@detectron-ts/checkpoint";

import { formatBytes, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** Lines of metadata that are printed; optimizer states can bring thousands. */
const SHOWN_METADATA = 30;

/** `detectron inspect`: lists what a checkpoint holds. */
export function addInspectCommand(program: Command, terminal: Terminal): void {
  program
    .command("inspect")
    .summary("list what a checkpoint holds")
    .description(
      "Lists the tensors, dtypes, imports and metadata of a checkpoint without loading the tensors: .pth (zip and " +
        "legacy), .pkl of detectron2's and Detectron's zoos, .safetensors. Nothing in the file is run, so files " +
        "of unknown origin can be inspected.",
    )
    .argument("<file>", "the checkpoint")
    .option("--json", "print everything as JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ detectron inspect model_final.pth
  $ detectron inspect model_final.pth --json | jq '.tensors | length'`,
    )
    .action(async (file: string, { json }: { readonly json?: boolean }) => {
      const { inspectCheckpoint } = await import("@detectron-ts/checkpoint");
      const summary = await inspectCheckpoint(file);
      if (json) terminal.print(JSON.stringify(toJson(summary), null, 2));
      else printSummary(summary, terminal);
    });
}

function printSummary(summary: CheckpointSummary, terminal: Terminal): void {
  const { bold, dim, yellow } = terminal.colors;
  terminal.print(bold(summary.path));
  const facts = [
    ["format", summary.format],
    ["size", formatBytes(summary.byteLength)],
    ["tensors", tensorFacts(summary)],
  ];
  if (summary.author !== undefined) facts.push(["author", summary.author]);
  if (summary.matchingHeuristics) facts.push(["names", "to be matched by heuristics"]);
  for (const line of formatTable(facts)) terminal.print(`  ${line}`);

  terminal.print();
  const rows = summary.tensors.map(({ name, dtype, shape }) => [
    name,
    dtype,
    `[${shape.join(", ")}]`,
  ]);
  const [header, ...lines] = formatTable([["name", "dtype", "shape"], ...rows]);
  terminal.print(dim(header));
  for (const line of lines) terminal.print(line);

  if (summary.metadata.size > 0) {
    terminal.print(`\n${bold("Metadata")}`);
    const entries = [...summary.metadata].map(([key, value]) => [key, String(value)]);
    for (const line of formatTable(entries.slice(0, SHOWN_METADATA))) terminal.print(`  ${line}`);
    const hidden = entries.length - SHOWN_METADATA;
    if (hidden > 0) terminal.print(dim(`  … and ${hidden} more; --json lists all`));
  }
  if (summary.imports.length > 0) {
    terminal.print(`\n${bold("Imports")}`);
    const unknown = new Set(summary.unknownImports);
    for (const name of summary.imports) {
      terminal.print(
        unknown.has(name) ? `  ${yellow(name)}  not allowed: loading is refused` : `  ${name}`,
      );
    }
  }
}

/** `370, 5300000 elements, 21.3 MB: 301 float32, 69 int64`. */
function tensorFacts({ tensors }: CheckpointSummary): string {
  const byDType = new Map<string, number>();
  let bytes = 0;
  for (const { dtype, byteLength } of tensors) {
    byDType.set(dtype, (byDType.get(dtype) ?? 0) + 1);
    bytes += byteLength;
  }
  const dtypes = [...byDType].map(([dtype, count]) => `${count} ${dtype}`);
  return `${tensors.length}, ${formatBytes(bytes)}${dtypes.length > 0 ? `: ${dtypes.join(", ")}` : ""}`;
}

/** The summary as plain JSON values; integers beyond 2⁵³ become strings. */
function toJson(summary: CheckpointSummary): object {
  const metadata = [...summary.metadata].map(([key, value]) => [
    key,
    typeof value === "bigint" ? jsonInteger(value) : value,
  ]);
  return { ...summary, metadata: Object.fromEntries(metadata) };
}

function jsonInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
