import type { Command } from "commander";

import type { PredictOptions } from "../prediction/predict-images.ts";
import type { Terminal } from "../terminal.ts";
import { optsOption, parseCount, parseNames, parseThreshold } from "./options.ts";

/** `detectron predict`: runs a model on image files. */
export function addPredictCommand(program: Command, terminal: Terminal): void {
  program
    .command("predict")
    .summary("detect objects in images")
    .description(
      "Runs a model on images; draws what it finds, writes it as JSON, or both. Any YAML config and checkpoint of " +
        "detectron2 will do, unchanged, and so will a lazy config.",
    )
    .requiredOption(
      "--config-file <file-or-zoo-name>",
      "a YAML file or module, or the name of a config of the model zoo; names ending in .py are lazy configs",
    )
    .option(
      "--weights <file>",
      "checkpoint, a path or an address (default: MODEL.WEIGHTS, or train.initCheckpoint of a lazy config; for a name of the zoo, the checkpoint released for it)",
    )
    .requiredOption(
      "--input <images...>",
      "image files, folders of images, or patterns such as 'photos/*.jpg'",
    )
    .option("--output <dir>", "folder to draw pictures into, under the names of the images")
    .option("--json <file>", "file to write the results to")
    .option(
      "--confidence-threshold <score>",
      "lowest score that is drawn; the JSON holds everything above the config's SCORE_THRESH_TEST",
      parseThreshold,
      0.5,
    )
    .option(
      "--classes <names>",
      "names of the classes in the model's order, between commas",
      parseNames,
    )
    .option("--threads <count>", "threads to compute with (default: all cores)", parseCount)
    .addOption(optsOption())
    .addHelpText(
      "after",
      `
An image that can't be read is reported and left out: the others are done, and the exit code is 1.
The JSON file appears in one piece at the end:
  {"images": [{"file": "a.png", "height": 300, "width": 400,
    "instances": [{"bbox": [x1, y1, x2, y2], "score": 0.91, "classId": 1, "category": "fig",
                   "segmentation": {"size": [300, 400], "counts": "<COCO RLE>"}}]}]}

Examples:
  Draw what a model of the zoo finds, after fetching its checkpoint once:
  $ detectron predict --config-file COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml \\
      --input photo.jpg --output output

  Your own training, a folder of images, results as JSON:
  $ detectron predict --config-file config.yaml --weights model_final.pth \\
      --input photos --json results.json --classes date,fig,hazelnut

  Fewer, surer detections:
  $ detectron predict --config-file config.yaml --weights model_final.pth --input a.jpg b.jpg \\
      --json results.json --opts MODEL.ROI_HEADS.SCORE_THRESH_TEST 0.7 TEST.DETECTIONS_PER_IMAGE 20`,
    )
    .action(async (options: PredictOptions) => {
      const { predictImages } = await import("../prediction/predict-images.ts");
      await predictImages(options, terminal);
      if (options.output === undefined && options.json === undefined) {
        terminal.print(
          terminal.colors.dim("Nothing was written: add --output DIR or --json FILE."),
        );
      }
    });
}
