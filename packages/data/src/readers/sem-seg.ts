import { readdir } from "node:fs/promises";
import { join, sep } from "node:path";
import { emitWarning } from "node:process";

import { DatasetCatalog } from "../catalog/dataset-catalog.ts";
import { MetadataCatalog, type MetadataFields } from "../catalog/metadata-catalog.ts";
import type { DatasetDict } from "../dataset-dict.ts";
import { DatasetFileError } from "../errors.ts";

/** Options of {@link loadSemSeg}. */
export interface LoadSemSegOptions {
  /** How names of label maps end, `"png"` by default; may be more than the extension: `"_labels.png"`. */
  readonly gtExt?: string;
  /** How names of images end, `"jpg"` by default. */
  readonly imageExt?: string;
  /** Gets told of files without a partner; Node's `process.emitWarning` by default. */
  readonly warn?: (message: string) => void;
}

/**
 * Reads folders of a semantic segmentation: for each image a picture of the same size whose gray values are labels. Images and
 * label maps belong together by their path within their folder without its ending; that path becomes the `imageId`. Files
 * without a partner are left out, with a warning that tells how many files each folder has.
 *
 * Mirrors detectron2's `load_sem_seg`, but looks into subfolders as well and never pairs files of different names.
 *
 * @param gtRoot - the folder of label maps.
 * @throws DatasetFileError when a folder cannot be read, has no label map, or no label map has an image.
 */
export async function loadSemSeg(
  gtRoot: string,
  imageRoot: string,
  { gtExt = "png", imageExt = "jpg", warn = emitWarning }: LoadSemSegOptions = {},
): Promise<DatasetDict[]> {
  const [labels, images] = await Promise.all([
    filesById(gtRoot, gtExt),
    filesById(imageRoot, imageExt),
  ]);
  if (labels.size === 0) throw new DatasetFileError(gtRoot, `has no file that ends in ${gtExt}`);
  const ids = [...images.keys()].filter((id) => labels.has(id));
  const counts = `${imageRoot} has ${images.size} images, ${gtRoot} ${labels.size} label maps`;
  if (ids.length === 0) {
    throw new DatasetFileError(gtRoot, `no label map has the name of an image; ${counts}`);
  }
  if (ids.length < Math.max(images.size, labels.size)) {
    warn(`${counts}; the ${ids.length} that have the same name are used`);
  }
  return ids.sort().map((id) => ({
    fileName: join(imageRoot, images.get(id) ?? ""),
    imageId: id,
    semSegFileName: join(gtRoot, labels.get(id) ?? ""),
  }));
}

/**
 * Registers folders of a semantic segmentation under a name; they are read when the dataset is asked for.
 *
 * @param metadata - what is known about the dataset: `stuffClasses`, and often `ignoreLabel`.
 * @throws CatalogError when the name is taken.
 */
export function registerSemSeg(
  name: string,
  metadata: Partial<MetadataFields>,
  gtRoot: string,
  imageRoot: string,
  options: LoadSemSegOptions = {},
): void {
  DatasetCatalog.register(name, () => loadSemSeg(gtRoot, imageRoot, options));
  MetadataCatalog.get(name).set({
    semSegRoot: gtRoot,
    imageRoot,
    evaluatorType: "sem_seg",
    ...metadata,
  });
}

/** Paths within a folder by themselves without their ending, with slashes on every system. */
async function filesById(folder: string, extension: string): Promise<Map<string, string>> {
  let paths: string[];
  try {
    paths = await readdir(folder, { recursive: true });
  } catch (cause) {
    throw new DatasetFileError(folder, "is not a folder that can be read", { cause });
  }
  return new Map(
    paths
      .filter((path) => path.endsWith(extension))
      .map((path) => [withoutEnding(path, extension), path]),
  );
}

function withoutEnding(path: string, ending: string): string {
  return path.slice(0, -ending.length).replace(/\.$/, "").split(sep).join("/");
}
