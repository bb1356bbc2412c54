import type { Command } from "commander";

import type { Terminal } from "../terminal.ts";
import type { TrainOptions } from "../training/train.ts";
import { DATASET_HELP, datasetOption, optsOption, parseCount, parseWhole } from "./options.ts";

/** `detectron train`: trains a model. */
export function addTrainCommand(program: Command, terminal: Terminal): void {
  program
    .command("train")
    .summary("train a model")
    .description(
      "Trains the model of a config on the datasets of DATASETS.TRAIN, and measures it on those of DATASETS.TEST. " +
        "Everything is written to OUTPUT_DIR: checkpoints that detectron2 reads, metrics.json, TensorBoard's event files, " +
        "the config, and a report to open in a browser.",
    )
    .requiredOption(
      "--config-file <file-or-zoo-name>",
      "a YAML file or module, or the name of a config of the model zoo; names ending in .py are lazy configs",
    )
    .addOption(datasetOption())
    .option("--resume", "go on from the last checkpoint in OUTPUT_DIR, if there is one")
    .option(
      "--eval-only",
      "measure MODEL.WEIGHTS, or with --resume the last checkpoint; train nothing",
    )
    .option(
      "--num-workers <count>",
      "threads that load images (default: DATALOADER.NUM_WORKERS)",
      parseWhole,
    )
    .option("--output <dir>", "OUTPUT_DIR, whatever the config says")
    .option("--threads <count>", "threads to compute with (default: all cores)", parseCount)
    .addOption(optsOption())
    .addHelpText(
      "after",
      `${DATASET_HELP}

Ctrl-C finishes the present iteration and saves a checkpoint; the exit code is 130, and the same command with --resume goes
on as if nothing had happened. A second Ctrl-C ends at once.

Examples:
  $ detectron train --config-file config.yaml --output output/fruits \\
      --dataset fruits_train=train.json,images --dataset fruits_test=test.json,images

  Fine-tune a model of the zoo on masks in Penn-Fudan's layout:
  $ detectron train --config-file COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml \\
      --dataset people=penn-fudan:PennFudanPed --opts DATASETS.TRAIN "('people',)" \\
      DATASETS.TEST "('people',)" INPUT.MASK_FORMAT bitmask MODEL.ROI_HEADS.NUM_CLASSES 1 \\
      SOLVER.IMS_PER_BATCH 2 SOLVER.BASE_LR 0.0025 SOLVER.MAX_ITER 500 SOLVER.STEPS "()"

  The same by a lazy config, whose keys are those of its tree:
  $ detectron train --config-file COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x.py \\
      --dataset people=penn-fudan:PennFudanPed --opts dataloader.train.dataset.names=people \\
      dataloader.test.dataset.names=people +dataloader.train.mapper.instanceMaskFormat=bitmask \\
      model.roiHeads.numClasses=1 dataloader.train.totalBatchSize=2 optimizer.lr=0.0025 train.maxIter=500`,
    )
    .action(async (options: TrainOptions) => {
      const { train } = await import("../training/train.ts");
      await train(options, terminal);
    });
}
