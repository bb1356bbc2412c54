import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readCheckpoint, toFloat32, type TensorValue } from "@detectron-ts/checkpoint";
import { getCfg, type Config } from "@detectron-ts/config";
import type { Proposals } from "@detectron-ts/proposal-generator";
import { Boxes, ImageList, Instances } from "@detectron-ts/structures";
import { tensor, zeros, type Tensor } from "@detectron-ts/tensor";
import { goldenRoot, type GoldenTensor } from "@detectron-ts/testing";
import ndarray, { type NdArray } from "ndarray";

/** A config of detectron2 by its path, with overrides as in `mergeFromList`. */
export function configFor(file: string, overrides: readonly unknown[] = []): Config {
  const cfg = getCfg();
  const require = createRequire(import.meta.url);
  cfg.mergeFromFile(join(dirname(require.resolve("@detectron-ts/configs/package.json")), file));
  cfg.mergeFromList([...overrides]);
  return cfg;
}

/** The path of a file among the shared recordings. */
export function goldenPath(...parts: string[]): string {
  const root = goldenRoot();
  if (root === undefined) throw new Error("No golden data on this machine");
  return join(root, ...parts);
}

/** Loads those weights of a recorded checkpoint that belong to one part of the model. */
export async function loadPart(
  module: { loadStateDict(source: ReadonlyMap<string, TensorValue>): unknown },
  prefix: string,
  file: string,
): Promise<void> {
  await using checkpoint = await readCheckpoint(file);
  const values = new Map<string, TensorValue>();
  for (const [name, stored] of checkpoint.model) {
    if (!name.startsWith(prefix)) continue;
    const { shape, dtype, data } = await stored.read();
    values.set(name.slice(prefix.length), { shape, dtype, data: toFloat32(dtype, data) });
  }
  module.loadStateDict(values);
}

export function toTensor({ data, shape }: GoldenTensor<Float32Array>): Tensor {
  return tensor(data, { shape });
}

export function toArray({ data, shape }: GoldenTensor<Float32Array>): NdArray<Float32Array> {
  return ndarray(data, [...shape]);
}

export function toBoxes({ data }: GoldenTensor<Float32Array>): Boxes {
  return new Boxes(data.slice());
}

/** What detectron2's models feed to their backbone, out of images of uint8 C×H×W. */
export function preprocess(
  images: readonly GoldenTensor<Uint8Array>[],
  { PIXEL_MEAN, PIXEL_STD }: Config["MODEL"],
  sizeDivisibility: number,
): ImageList {
  const [mean, std] = [PIXEL_MEAN, PIXEL_STD].map((values) =>
    tensor(Float32Array.from(values), { shape: [values.length, 1, 1] }),
  );
  const normalized = images.map(({ data, shape }) =>
    tensor(Float32Array.from(data), { shape }).sub(mean).div(std),
  );
  return ImageList.fromTensors(normalized, sizeDivisibility);
}

export function proposalsOf(boxes: Boxes, imageSize: readonly [number, number]): Proposals {
  return new Instances(imageSize, {
    proposalBoxes: boxes,
    objectnessLogits: ndarray(new Float32Array(boxes.length)),
  });
}

/** Images of which only the sizes matter. */
export function imagesOf(...sizes: (readonly [number, number])[]): ImageList {
  return new ImageList(zeros([sizes.length, 3, 1, 1]), sizes);
}
