import { basename, extname, join, parse, resolve } from "node:path";
import type { NdArray } from "ndarray";

import { UsageError } from "../errors.ts";
import type { ModelMetadata } from "./model-metadata.ts";
import type { ModelOutput } from "./results.ts";

/** Types of files that pictures are written in; pictures of others become PNG. */
const WRITTEN_EXTENSIONS: ReadonlySet<string> = new Set([".jpg", ".jpeg", ".png", ".webp"]);

/** Name of the picture of an image. */
export function pictureName(file: string): string {
  const keepsType = WRITTEN_EXTENSIONS.has(extname(file).toLowerCase());
  return keepsType ? basename(file) : `${parse(file).name}.png`;
}

/**
 * Where the picture of each image goes: into the folder, under the image's name.
 *
 * @throws UsageError when two pictures would have one path, or one would overwrite its image.
 */
export function picturePaths(files: readonly string[], folder: string): Map<string, string> {
  const paths = new Map<string, string>();
  const imageOf = new Map<string, string>();
  for (const file of files) {
    const path = join(folder, pictureName(file));
    const other = imageOf.get(path);
    if (other !== undefined) {
      throw new UsageError(`the pictures of ${other} and ${file} would both be ${path}`);
    }
    if (resolve(path) === resolve(file)) {
      throw new UsageError(`--output ${folder}: the picture of ${file} would overwrite it`);
    }
    imageOf.set(path, file);
    paths.set(file, path);
  }
  return paths;
}

/** What decides how a picture looks. */
export interface PictureOptions {
  readonly metadata: ModelMetadata;
  /** Objects of lower scores are not drawn. For proposals it is the probability that there is an object. */
  readonly confidenceThreshold: number;
}

/**
 * Draws what was found and writes the picture: the panoptic map where there is one, else the semantic map, instances and
 * proposals, whatever there is.
 *
 * @param image - height × width × 3, blue first.
 */
export async function writePicture(
  path: string,
  image: NdArray<Uint8Array>,
  { instances, proposals, semSeg, panopticSeg }: ModelOutput,
  { metadata, confidenceThreshold }: PictureOptions,
): Promise<void> {
  // These two bring native code, which would delay the first detection.
  const [{ Visualizer }, { writeImage }] = await Promise.all([
    import("@detectron-ts/visualizer"),
    import("@detectron-ts/image"),
  ]);
  const visualizer = new Visualizer(image.step(1, 1, -1), { metadata });
  if (panopticSeg !== undefined) {
    visualizer.drawPanopticSeg(panopticSeg);
  } else {
    if (semSeg !== undefined) visualizer.drawSemSeg(await semSeg.argmax());
    if (instances !== undefined) {
      const confident = rowsFrom(instances.get("scores"), confidenceThreshold);
      visualizer.drawInstancePredictions(instances.select(confident).fields());
    }
  }
  if (proposals !== undefined) {
    const { objectnessLogits } = proposals.fields();
    const confident = rowsFrom(objectnessLogits, logit(confidenceThreshold));
    const boxes = proposals.select(confident).get("proposalBoxes");
    visualizer.drawInstancePredictions({ predBoxes: boxes });
  }
  await writeImage(path, visualizer.getImage());
}

/** The rows whose value is at least the threshold. */
function rowsFrom(values: NdArray<Float32Array>, threshold: number): Int32Array {
  const rows = Array.from({ length: values.size }, (_, row) => row);
  return Int32Array.from(rows.filter((row) => values.get(row) >= threshold));
}

/** The inverse of the logistic function: the logit of a probability. */
function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}
