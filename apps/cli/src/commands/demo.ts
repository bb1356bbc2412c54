import { basename, join, relative } from "node:path";
import type { Command } from "commander";

import { DEMO_FILES } from "../demo-files.ts";
import type { ImagePredictions } from "../prediction/results.ts";
import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** Score from which the demo draws and lists an object. */
const CONFIDENCE_THRESHOLD = 0.5;

/** `detectron demo`: shows that everything works, with the model that comes along. */
export function addDemoCommand(program: Command, terminal: Terminal): void {
  program
    .command("demo")
    .summary("segment a photograph with the model that comes along")
    .description(
      "Finds dates, figs and hazelnuts on a photograph with a small Mask R-CNN that detectron2 trained. Model and " +
        "photograph come with this program, so that nothing is downloaded.",
    )
    .option("--output <dir>", "folder of the picture", join("output", "demo"))
    .action(async ({ output }: { readonly output: string }) => {
      const { predictImages } = await import("../prediction/predict-images.ts");
      const [found] = await predictImages(
        {
          configFile: DEMO_FILES.config,
          weights: DEMO_FILES.weights,
          input: [relative("", DEMO_FILES.photograph)],
          output,
          confidenceThreshold: CONFIDENCE_THRESHOLD,
        },
        terminal,
      );
      printInstances(found, terminal);
      printNextSteps(join(output, basename(DEMO_FILES.photograph)), terminal);
    });
}

function printInstances({ instances }: ImagePredictions, terminal: Terminal): void {
  const { bold, dim } = terminal.colors;
  const rows = instances
    .filter(({ score }) => score >= CONFIDENCE_THRESHOLD)
    .map(({ category, classId, score, bbox }) => [
      category ?? String(classId),
      score.toFixed(3),
      ...bbox.map((coordinate) => coordinate.toFixed(1)),
    ]);
  const alignRight = [false, true, true, true, true, true];
  const [header, ...lines] = formatTable(
    [["class", "score", "x1", "y1", "x2", "y2"], ...rows],
    alignRight,
  );
  terminal.print(`\n  ${dim(header)}`);
  for (const line of lines) terminal.print(`  ${line}`);
  terminal.print(
    bold(`\n${rows.length} objects`) + ` with a score of ${CONFIDENCE_THRESHOLD} or more.`,
  );
}

function printNextSteps(picture: string, terminal: Terminal): void {
  const { bold, cyan } = terminal.colors;
  const program = programName();
  const config = relative("", DEMO_FILES.config);
  const weights = relative("", DEMO_FILES.weights);
  terminal.print(`The picture is ${bold(picture)}.

Next:
  ${cyan(`${program} inspect ${weights}`)}
  ${cyan(`${program} predict --config-file ${config} --weights ${weights} --input YOUR.jpg --output output`)}
  ${cyan(`${program} predict --help`)}`);
}

/** How this program was called: by its name, or as a script of a clone. */
function programName(): string {
  const script = process.argv[1] ?? "";
  return basename(script) === "main.js" ? `node ${relative("", script)}` : "detectron";
}
