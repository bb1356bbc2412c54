import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { DatasetFileError } from "../errors.ts";

/** The files of one image of Cityscapes. */
export interface CityscapesFiles {
  /** City, sequence and frame: `aachen_000000_000019`. */
  readonly frame: string;
  readonly image: string;
  /** The folder of its ground truth, and what the names of its files begin with. */
  readonly gtPrefix: string;
}

const IMAGE_ENDING = "_leftImg8bit.png";

/**
 * All images of a split of Cityscapes, by city and name.
 *
 * @param imageDir - `leftImg8bit/<split>`, with a folder for each city.
 * @param gtDir - `gtFine/<split>`, likewise.
 * @throws DatasetFileError when a folder cannot be read, has another file than images, or there is no image.
 */
export async function listCityscapesFiles(
  imageDir: string,
  gtDir: string,
): Promise<CityscapesFiles[]> {
  const files: CityscapesFiles[] = [];
  for (const city of await namesIn(imageDir)) {
    for (const name of await namesIn(join(imageDir, city))) {
      const image = join(imageDir, city, name);
      if (!name.endsWith(IMAGE_ENDING)) {
        throw new DatasetFileError(image, `has a name that does not end in ${IMAGE_ENDING}`);
      }
      const frame = name.slice(0, -IMAGE_ENDING.length);
      files.push({ frame, image, gtPrefix: join(gtDir, city, `${frame}_gtFine`) });
    }
  }
  if (files.length === 0) throw new DatasetFileError(imageDir, "has no images");
  return files;
}

/** @throws DatasetFileError when there is no such file, with what to do about it. */
export async function requireCityscapesFile(file: string, remedy = ""): Promise<void> {
  if ((await stat(file).catch(() => undefined))?.isFile()) return;
  throw new DatasetFileError(file, `isn't there${remedy === "" ? "" : `; ${remedy}`}`);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith(".")).sort();
  } catch (cause) {
    throw new DatasetFileError(folder, "is not a folder that can be read", { cause });
  }
}
