import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";

import { addAnalyzeCommand } from "./commands/analyze.ts";
import { addCheckDataCommand } from "./commands/check-data.ts";
import { addConfigCommand } from "./commands/config.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addEvalCommand } from "./commands/eval.ts";
import { addInspectCommand } from "./commands/inspect.ts";
import { addPredictCommand } from "./commands/predict.ts";
import { addReportCommand } from "./commands/report.ts";
import { addTrainCommand } from "./commands/train.ts";
import { addVisualizeDataCommand } from "./commands/visualize-data.ts";
import { addZooCommand } from "./commands/zoo.ts";
import { TrainingStoppedError, UsageError } from "./errors.ts";
import { OutputErrors } from "./output-errors.ts";
import { type Streams, Terminal } from "./terminal.ts";

/** What a process ends with. */
const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/**
 * Runs a command line, such as `["inspect", "model.pth"]`.
 *
 * Nothing is thrown: an error becomes one line on `stderr`, with its stack when the variable DEBUG is set. A pipe that its
 * reader closed is no error: the work is done, and what would have been printed is dropped.
 *
 * @returns the exit code: 0, or 1 when something went wrong, or 2 when the command line makes no sense, or as shells have it
 *   when a signal stopped a training: 130 for Ctrl-C.
 */
export async function run(argv: readonly string[], streams: Streams): Promise<number> {
  const outputErrors = new OutputErrors(streams);
  const terminal = new Terminal(streams);
  const exitCode = await runCommand(argv, terminal);
  const outputError = await outputErrors.settle();
  if (outputError === undefined) return exitCode;
  printError(outputError, terminal);
  return exitCode === EXIT.ok ? EXIT.failed : exitCode;
}

async function runCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await createProgram(terminal).parseAsync(argv, { from: "user" });
    return EXIT.ok;
  } catch (error) {
    // Commander has printed its message by now; asking for help or the version ends with such an error, too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    printError(error, terminal);
    if (error instanceof TrainingStoppedError) return error.exitCode;
    return isUsageError(error) ? EXIT.usage : EXIT.failed;
  }
}

function createProgram(terminal: Terminal): Command {
  const { bold, cyan } = terminal.colors;
  const program = new Command("detectron")
    .description(
      "Runs, trains and measures detectron2's models, from its configs and checkpoints, without Python.",
    )
    .version(version())
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      getOutHelpWidth: () => helpWidth(terminal.stdout.columns),
      getErrHelpWidth: () => helpWidth(terminal.stderr.columns),
      outputError: (text, write) => {
        write(text.replace(/^error:/, terminal.errorColors.red("error:")));
      },
    })
    .configureHelp({ styleTitle: bold, styleSubcommandTerm: cyan, styleOptionTerm: cyan })
    .addHelpText("after", "\nStart with: detectron demo");
  addDemoCommand(program, terminal);
  addPredictCommand(program, terminal);
  addTrainCommand(program, terminal);
  addEvalCommand(program, terminal);
  addReportCommand(program, terminal);
  addCheckDataCommand(program, terminal);
  addVisualizeDataCommand(program, terminal);
  addInspectCommand(program, terminal);
  addAnalyzeCommand(program, terminal);
  addConfigCommand(program, terminal);
  addZooCommand(program, terminal);
  return program;
}

/** Lines of prose read badly beyond a hundred characters. */
function helpWidth(columns = 100): number {
  return Math.min(columns, 100);
}

function version(): string {
  const require = createRequire(import.meta.url);
  const manifest: { readonly version: string } = require("../package.json");
  return manifest.version;
}

function printError(error: unknown, terminal: Terminal): void {
  const message = error instanceof Error ? error.message : String(error);
  terminal.fail(message.replace(/\s*\n\s*/g, " ").trim());
  if (process.env.DEBUG && error instanceof Error) terminal.stderr.write(`${error.stack}\n`);
}

/** By name where the class would bring half the packages along. */
function isUsageError(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof Error && error.name === "OverridesError");
}
