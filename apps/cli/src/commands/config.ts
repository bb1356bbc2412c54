import type { Command } from "commander";

import type { Terminal } from "../terminal.ts";
import { optsOption } from "./options.ts";

/** `detectron config`: prints a merged config. */
export function addConfigCommand(program: Command, terminal: Terminal): void {
  program
    .command("config")
    .summary("print a merged config")
    .description(
      "Prints the whole config as YAML: detectron2's defaults, the file with its _BASE_ files, and the overrides. Of a lazy " +
        "config, a module or a name of the model zoo that ends in .py, it prints the tree of constructors.",
    )
    .argument(
      "<file-or-zoo-name>",
      "a YAML file or module, or the name of a config of the model zoo",
    )
    .addOption(optsOption())
    .addHelpText(
      "after",
      `
Examples:
  $ detectron config COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml
  $ detectron config my.yaml --opts MODEL.ROI_HEADS.NUM_CLASSES 3 > merged.yaml
  $ detectron config new_baselines/mask_rcnn_R_50_FPN_100ep_LSJ.py --opts train.maxIter=1000`,
    )
    .action(async (configFile: string, { opts }: { readonly opts?: readonly string[] }) => {
      const { isLazyConfigFile, setupConfig, setupLazyConfig } =
        await import("@detectron-ts/engine");
      if (isLazyConfigFile(configFile)) {
        const { printLazy } = await import("@detectron-ts/config");
        terminal.stdout.write(printLazy(await setupLazyConfig({ configFile, opts })));
      } else {
        terminal.stdout.write(setupConfig({ configFile, opts }).dump());
      }
    });
}
