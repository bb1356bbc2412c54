import type { Command } from "commander";

import type { CheckDataCommandOptions } from "../data-check/check-datasets.ts";
import type { Terminal } from "../terminal.ts";
import { DATASET_HELP, datasetOption, optsOption } from "./options.ts";

/** `detectron check-data`: finds what is wrong with a dataset before it is trained on. */
export function addCheckDataCommand(program: Command, terminal: Terminal): void {
  program
    .command("check-data")
    .summary("find what is wrong with a dataset, and what is in it")
    .description(
      "Looks for missing and broken images, sizes that are not those of the files, boxes that are empty or outside their " +
        "image, broken polygons and masks of the wrong kind; then prints how many objects there are of which class and " +
        "size. With a config, also compares the number of classes, the mask format and the learning rate with the data. " +
        "Without --dataset, the datasets are those of DATASETS.TRAIN and DATASETS.TEST.",
    )
    .option("--config-file <file-or-zoo-name>", "a YAML file, or the name of a config of the zoo")
    .addOption(datasetOption())
    .option("--json", "print the report as JSON")
    .addOption(optsOption())
    .addHelpText(
      "after",
      `${DATASET_HELP}

The exit code is 1 when there are errors, which stop a training or spoil it; 0 when there are warnings alone.

Examples:
  $ detectron check-data --dataset fruits=annotations.json,images

  $ detectron check-data --config-file config.yaml --dataset cells=voc:BCCD,trainval,RBC,WBC,Platelets`,
    )
    .action(async (options: CheckDataCommandOptions) => {
      const { checkDatasets } = await import("../data-check/check-datasets.ts");
      await checkDatasets(options, terminal);
    });
}
