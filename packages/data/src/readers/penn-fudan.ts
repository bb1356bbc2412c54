import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { encode, toBbox } from "@detectron-ts/coco";
import { readImage } from "@detectron-ts/image";
import { BoxMode } from "@detectron-ts/structures";

import { DatasetCatalog } from "../catalog/dataset-catalog.ts";
import { MetadataCatalog } from "../catalog/metadata-catalog.ts";
import type { Annotation, DatasetDict } from "../dataset-dict.ts";
import { DatasetFileError } from "../errors.ts";

/**
 * Reads a folder laid out as the Penn-Fudan database of pedestrians: `PNGImages/<name>.png` and
 * `PedMasks/<name>_mask.png`. In a mask image black is background and every other value (or color) is one object; all
 * objects are of class 0. Images come in the order of their names, masks as run-length encodings, which need
 * INPUT.MASK_FORMAT `bitmask`.
 *
 * @throws DatasetFileError when a folder or a mask is missing; the errors of `readImage` for masks that cannot be read.
 */
export async function loadPennFudan(dirname: string): Promise<DatasetDict[]> {
  const images = await namesIn(join(dirname, "PNGImages"));
  const maskFolder = join(dirname, "PedMasks");
  const masks = new Set(await namesIn(maskFolder));
  const dicts: DatasetDict[] = [];
  for (const image of images) {
    const name = image.slice(0, -".png".length);
    const mask = `${name}_mask.png`;
    if (!masks.has(mask)) {
      throw new DatasetFileError(
        join(dirname, "PNGImages", image),
        `has no mask ${mask} in ${maskFolder}`,
      );
    }
    dicts.push({
      fileName: join(dirname, "PNGImages", image),
      imageId: name,
      ...(await readObjects(join(maskFolder, mask))),
    });
  }
  return dicts;
}

/**
 * Registers a folder in Penn-Fudan's layout under a name.
 *
 * @throws CatalogError when the name is taken.
 */
export function registerPennFudan(name: string, dirname: string, className = "person"): void {
  DatasetCatalog.register(name, () => loadPennFudan(dirname));
  MetadataCatalog.get(name).set({ thingClasses: [className], dirname, evaluatorType: "coco" });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(".png")).sort();
  } catch (cause) {
    throw new DatasetFileError(folder, "is not a folder that can be read", { cause });
  }
}

async function readObjects(
  maskFile: string,
): Promise<Required<Pick<DatasetDict, "height" | "width" | "annotations">>> {
  const { data, shape } = await readImage(maskFile, { format: "RGB" });
  const [height, width] = shape;
  const colors = new Int32Array(height * width);
  for (let i = 0; i < colors.length; i++) {
    colors[i] = (data[3 * i] << 16) | (data[3 * i + 1] << 8) | data[3 * i + 2];
  }
  const objects = [...new Set(colors)].filter((color) => color !== 0).sort((a, b) => a - b);
  const annotations = objects.map((color, id): Annotation => {
    const segmentation = encode(
      Uint8Array.from(colors, (value) => (value === color ? 1 : 0)),
      [height, width],
    );
    const bbox = toBbox(segmentation);
    return { bbox, bboxMode: BoxMode.XYWH_ABS, categoryId: 0, segmentation, id };
  });
  return { height, width, annotations };
}
