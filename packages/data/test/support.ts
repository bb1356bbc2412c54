import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeImage } from "@detectron-ts/image";
import ndarray, { type NdArray } from "ndarray";

/** A folder of its own under the system's temporary folder. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "detectron-data-"));
}

/** An H×W×3 image, every pixel of one value or of a function of its place. */
export function picture(
  height: number,
  width: number,
  value: (x: number, y: number) => number = () => 90,
): NdArray<Uint8Array> {
  const image = ndarray(new Uint8Array(height * width * 3), [height, width, 3]);
  for (let pixel = 0; pixel < height * width; pixel++) {
    image.data.fill(value(pixel % width, Math.trunc(pixel / width)), 3 * pixel, 3 * pixel + 3);
  }
  return image;
}

/** Writes a picture of a size into a folder and returns its path. */
export async function writePicture(
  folder: string,
  name: string,
  height: number,
  width: number,
): Promise<string> {
  const path = join(folder, name);
  await writeImage(path, picture(height, width));
  return path;
}

/** Writes JSON into a folder and returns its path. */
export async function writeJson(folder: string, name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(content));
  return path;
}
