import type { Command } from "commander";

import type { Terminal } from "../terminal.ts";
import type { DownloadModelOptions } from "../zoo/download-model.ts";
import type { ListZooOptions } from "../zoo/list-zoo.ts";

/** `detectron zoo`: detectron2's models, and what was published of them. */
export function addZooCommand(program: Command, terminal: Terminal): void {
  const zoo = program
    .command("zoo")
    .summary("list detectron2's models, and download their weights")
    .description(
      "Lists the models whose weights detectron2's authors released, with what they were published to reach, shows one of " +
        "them, and downloads its weights. The weights are licensed CC BY-SA 3.0.",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ detectron zoo --family retinanet
  $ detectron zoo show COCO-Detection/retinanet_R_50_FPN_3x.yaml
  $ detectron zoo download COCO-Detection/retinanet_R_50_FPN_3x.yaml --output models/`,
    );
  zoo
    .command("list", { isDefault: true })
    .summary("list models (the default)")
    .description(
      "Lists the models with released weights; with --configs all configs, those without weights too.",
    )
    .argument("[text]", "only names that have it in them")
    .option("--family <family>", "only models of an architecture, such as mask_rcnn")
    .option("--dataset <name>", "only models trained on a dataset, such as COCO")
    .option("--configs", "list the names of configs instead, lazy ones included")
    .option("--json", "print as JSON")
    .action(async (text: string | undefined, options: ListZooOptions) => {
      const { listZoo } = await import("../zoo/list-zoo.ts");
      listZoo({ ...options, text }, terminal);
    });
  zoo
    .command("show")
    .summary("show a model")
    .description(
      "Shows what was published of a model: results, times, memory, weights and their licence.",
    )
    .argument("<name>", "the model's config")
    .action(async (name: string) => {
      const { showModel } = await import("../zoo/show-model.ts");
      showModel(name, terminal);
    });
  zoo
    .command("download")
    .summary("download a model's weights")
    .description(
      "Downloads the weights of a model and checks them by the digits in their name. An interrupted download goes on " +
        "where it was.",
    )
    .argument("<name>", "the model's config")
    .option(
      "--output <path>",
      "file or folder to save to (default: the cache that all commands use)",
    )
    .action(async (name: string, options: DownloadModelOptions) => {
      const { downloadModel } = await import("../zoo/download-model.ts");
      await downloadModel(name, options, terminal);
    });
}
