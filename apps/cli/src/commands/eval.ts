import type { Command } from "commander";

import type { EvalOptions } from "../evaluation/evaluate.ts";
import type { Terminal } from "../terminal.ts";
import { DATASET_HELP, datasetOption, optsOption, parseCount } from "./options.ts";

/** `detectron eval`: measures a model, or recorded results. */
export function addEvalCommand(program: Command, terminal: Terminal): void {
  program
    .command("eval")
    .summary("measure a model's average precision")
    .description(
      "Runs a model over a dataset and prints its average precision as detectron2 does: by COCO's rules for boxes, and " +
        "for masks where the model has them; by Pascal VOC's for VOC folders, by those of LVIS, Cityscapes or panoptic " +
        "segmentation for builtin datasets of these; recall for proposal networks. Without --annotations and --dataset, the " +
        "datasets are those of DATASETS.TEST. With --predictions, measures recorded results instead of a model.",
    )
    .option(
      "--config-file <file-or-zoo-name>",
      "a YAML file or module, or the name of a config of the model zoo; names ending in .py are lazy configs",
    )
    .option(
      "--weights <file>",
      "checkpoint, a path or an address (default: MODEL.WEIGHTS, or train.initCheckpoint of a lazy config; for a name of the zoo, the checkpoint released for it)",
    )
    .option("--annotations <file>", "ground truth, a file in COCO's format")
    .option("--images <dir>", "folder that the file names of --annotations start from")
    .addOption(datasetOption())
    .option("--predictions <file>", "results in COCO's format, to be measured without a model")
    .option("--json <file>", "file to write the metrics to")
    .option("--output <dir>", "folder for the model's results, coco_instances_results.json")
    .option("--threads <count>", "threads to compute with (default: all cores)", parseCount)
    .addOption(optsOption())
    .addHelpText(
      "after",
      `${DATASET_HELP}

The JSON file holds percentages, null where there is nothing to measure; by the names of the datasets if there are several:
  {"bbox": {"AP": 56.1, "AP50": 90.1, "AP75": 63.3, "APs": null, "APm": 43.9, "APl": 41.8, "AP-fig": 52.7},
   "segm": {"AP": 73.3, …}}

Examples:
  $ detectron eval --config-file config.yaml --weights model_final.pth \\
      --annotations test.json --images images --json metrics.json

  $ detectron eval --config-file config.yaml --weights model_final.pth \\
      --dataset cells=voc:BCCD,test,RBC,WBC,Platelets

  $ detectron eval --predictions coco_instances_results.json --annotations test.json`,
    )
    .action(async (options: EvalOptions) => {
      const { evaluate } = await import("../evaluation/evaluate.ts");
      await evaluate(options, terminal);
    });
}
