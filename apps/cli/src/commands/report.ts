import { join } from "node:path";
import type { Command } from "commander";

import type { Terminal } from "../terminal.ts";

/** `detectron report`: draws the curves of trainings. */
export function addReportCommand(program: Command, terminal: Terminal): void {
  program
    .command("report")
    .summary("draw the curves of trainings as an HTML page")
    .description(
      "Makes one HTML page of the metrics.json of trainings, detectron2's included: losses, average precision, learning " +
        "rate, and the config. Given several, each chart has a curve of every training. The page needs nothing but itself.",
    )
    .argument("<dirs...>", "output folders of trainings")
    .option(
      "--output <file>",
      "the page (default: report.html, in the folder if there is one folder)",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ detectron report output/fruits
  $ detectron report output/lr-0.01 output/lr-0.02 --output compared.html`,
    )
    .action(async (folders: readonly string[], { output }: { readonly output?: string }) => {
      const { readTrainingRun, writeTrainingReport } = await import("@detectron-ts/report");
      const runs = await Promise.all(folders.map((folder) => readTrainingRun(folder)));
      const path = output ?? join(folders.length === 1 ? folders[0] : "", "report.html");
      await writeTrainingReport(path, { runs });
      terminal.print(path);
    });
}
