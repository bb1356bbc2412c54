import { type Command, InvalidArgumentError, Option } from "commander";

import type { AnalyzeCommandOptions } from "../analysis/analyze.ts";
import type { Terminal } from "../terminal.ts";
import { optsOption, parseCount } from "./options.ts";

/** `detectron analyze`: what a model consists of and costs. */
export function addAnalyzeCommand(program: Command, terminal: Terminal): void {
  program
    .command("analyze")
    .summary("count a model's parameters and FLOPs")
    .description(
      "Tells how many parameters the model of a config has, what a run costs by operator and by module, and how it is " +
        "built. FLOPs and activations depend on how many objects there are: without --image, the model is run dry, with " +
        "as many regions and detections as the config allows and no checkpoint; with --image, they are those of that image.",
    )
    .requiredOption(
      "--config-file <file-or-zoo-name>",
      "a YAML file or module, or the name of a config of the model zoo; names ending in .py are lazy configs",
    )
    .addOption(
      new Option("--tasks <tasks...>", "what to tell")
        .choices(["parameter", "flop", "activation", "structure"])
        .default(["parameter", "flop"]),
    )
    .option(
      "--input-size <HxW>",
      "size of the image that the network gets (default: 800x1216)",
      parseImageSize,
    )
    .option("--image <file>", "an image, resized as in testing; needs a checkpoint")
    .option("--weights <file>", "checkpoint for --image (default: as in predict)")
    .option("--depth <levels>", "levels of modules to show", parseCount, 3)
    .option("--json", "print all numbers as JSON")
    .addOption(optsOption())
    .addHelpText(
      "after",
      `
Examples:
  $ detectron analyze --config-file COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml
  $ detectron analyze --config-file config.yaml --tasks flop activation --input-size 480x640 --json
  $ detectron analyze --config-file COCO-Detection/fcos_R_50_FPN_1x.py --opts model.numClasses=20
  $ detectron analyze --config-file config.yaml --weights model_final.pth --image photo.jpg --tasks flop`,
    )
    .action(async (options: AnalyzeCommandOptions) => {
      const { analyze } = await import("../analysis/analyze.ts");
      await analyze(options, terminal);
    });
}

/** Reads `800x1216`. */
function parseImageSize(text: string): [height: number, width: number] {
  const sides = /^(\d+)[x×](\d+)$/.exec(text.trim())?.slice(1).map(Number);
  if (sides === undefined || sides.some((side) => side < 1 || side > 100_000)) {
    throw new InvalidArgumentError("Wanted height and width in pixels, such as 800x1216.");
  }
  return [sides[0], sides[1]];
}
