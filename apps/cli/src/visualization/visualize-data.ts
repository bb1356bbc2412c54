import { mkdir } from "node:fs/promises";
import type { Config } from "@detectron-ts/config";
import { setupConfig } from "@detectron-ts/engine";
import { ImageError, writeImage } from "@detectron-ts/image";

import { selectDatasets } from "../datasets/configured-datasets.ts";
import { withDatasets } from "../datasets/dataset-config.ts";
import type { DatasetSpec } from "../datasets/dataset-spec.ts";
import { registerDatasets } from "../datasets/register-datasets.ts";
import { UnreadableImagesError, UsageError } from "../errors.ts";
import { countText } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { annotatedPictures } from "./annotated-pictures.ts";
import { augmentedPictures } from "./augmented-pictures.ts";
import { PictureFolder } from "./picture-folder.ts";

/** What `detectron visualize-data` is asked for. */
export interface VisualizeDataOptions {
  readonly configFile?: string | undefined;
  readonly dataset?: readonly DatasetSpec[] | undefined;
  /** Annotations as the files have them, or as the training loader gives them. */
  readonly source: "annotation" | "dataloader";
  /** Folder of the pictures. */
  readonly output: string;
  /** Pictures to draw at most. */
  readonly limit: number;
  readonly seed?: number | undefined;
  readonly opts?: readonly string[] | undefined;
}

/**
 * Draws the ground truth of datasets into a folder, and prints a line for each picture. Mirrors detectron2's
 * `tools/visualize_data.py`.
 *
 * @throws UsageError when there is no dataset, or no config to load it by; UnreadableImagesError at the end when images
 *   were left out.
 */
export async function visualizeData(
  options: VisualizeDataOptions,
  terminal: Terminal,
): Promise<void> {
  const { source, output, limit, seed } = options;
  using registered = await registerDatasets(options.dataset);
  const cfg = readConfig(options);
  const names = await selectDatasets(registered.names, cfg, ["TRAIN"]);
  const pictures =
    source === "annotation"
      ? await annotatedPictures(names, seed)
      : augmentedPictures(withDatasets(requireConfig(cfg), "TRAIN", names));

  await mkdir(output, { recursive: true });
  const folder = new PictureFolder(output);
  const unreadable: string[] = [];
  let drawn = 0;
  for await (const picture of pictures) {
    const { file, objects } = picture;
    const path = folder.pathFor(file);
    try {
      const visualizer = await picture.draw();
      await writeImage(path, visualizer.getImage());
      terminal.print(`${file}: ${countText(objects, "object")} → ${path}`);
      drawn++;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      terminal.fail(error.message);
      unreadable.push(file);
    }
    if (drawn + unreadable.length === limit) break;
  }
  terminal.print(`${countText(drawn, "picture")} in ${output}`);
  if (unreadable.length > 0) {
    throw new UnreadableImagesError(unreadable, drawn + unreadable.length);
  }
}

/** The seed is that of the config, too. */
function readConfig({ configFile, opts = [], seed }: VisualizeDataOptions): Config | undefined {
  if (configFile === undefined) {
    if (opts.length > 0) throw new UsageError("--opts needs --config-file");
    return undefined;
  }
  const seeded = seed === undefined ? opts : [...opts, "SEED", String(seed)];
  return setupConfig({ configFile, opts: seeded });
}

function requireConfig(cfg: Config | undefined): Config {
  if (cfg !== undefined) return cfg;
  throw new UsageError(
    "--source dataloader needs --config-file, which says how images are augmented",
  );
}
