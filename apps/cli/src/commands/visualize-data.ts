import { join } from "node:path";
import { type Command, Option } from "commander";

import type { Terminal } from "../terminal.ts";
import type { VisualizeDataOptions } from "../visualization/visualize-data.ts";
import { DATASET_HELP, datasetOption, optsOption, parseCount, parseWhole } from "./options.ts";

/** `detectron visualize-data`: draws ground truth. */
export function addVisualizeDataCommand(program: Command, terminal: Terminal): void {
  program
    .command("visualize-data")
    .summary("draw the ground truth of a dataset")
    .description(
      "Draws the objects of a dataset onto its images: as they are annotated, or as training sees them, resized, flipped " +
        "and cropped. Without --dataset, the dataset is that of DATASETS.TRAIN.",
    )
    .option("--config-file <file-or-zoo-name>", "a YAML file, or the name of a config of the zoo")
    .addOption(datasetOption())
    .addOption(
      new Option("--source <source>", "what to draw; dataloader needs --config-file")
        .choices(["annotation", "dataloader"])
        .default("annotation"),
    )
    .option("--output <dir>", "folder of the pictures", join("output", "data"))
    .option("--limit <count>", "pictures to draw at most", parseCount, 20)
    .option(
      "--seed <number>",
      "draws images at random instead of the first ones, and sets the random numbers of augmentation",
      parseWhole,
    )
    .addOption(optsOption())
    .addHelpText(
      "after",
      `${DATASET_HELP}

Examples:
  $ detectron visualize-data --dataset fruits=annotations.json,images

  $ detectron visualize-data --config-file config.yaml --source dataloader --limit 5 \\
      --dataset people=penn-fudan:PennFudanPed --opts INPUT.MASK_FORMAT bitmask`,
    )
    .action(async (options: VisualizeDataOptions) => {
      const { visualizeData } = await import("../visualization/visualize-data.ts");
      await visualizeData(options, terminal);
    });
}
