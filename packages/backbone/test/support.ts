import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Config, getCfg } from "@detectron-ts/config";
import { cat, type Tensor, tensor } from "@detectron-ts/tensor";

/** A config of detectron2 by its path, with overrides as in `mergeFromList`. */
export function configFor(file: string, overrides: readonly unknown[] = []): Config {
  const cfg = getCfg();
  const require = createRequire(import.meta.url);
  cfg.mergeFromFile(join(dirname(require.resolve("@detectron-ts/configs/package.json")), file));
  cfg.mergeFromList([...overrides]);
  return cfg;
}

/** An image of a recorded case: C×H×W. */
export interface RecordedImage {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** What detectron2's models feed to their backbone: normalised images, padded with zeros to one size. */
export function preprocess(
  images: readonly RecordedImage[],
  { PIXEL_MEAN, PIXEL_STD }: Config["MODEL"],
  sizeDivisibility: number,
): Tensor {
  const roundUp = (length: number) =>
    sizeDivisibility > 1 ? Math.ceil(length / sizeDivisibility) * sizeDivisibility : length;
  const height = roundUp(Math.max(...images.map(({ shape }) => shape[1])));
  const width = roundUp(Math.max(...images.map(({ shape }) => shape[2])));
  const padded = images.map(({ shape: [channels, h, w], data }) => {
    const values = new Float32Array(channels * height * width);
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) {
          const centred = Math.fround(data[(c * h + y) * w + x] - Math.fround(PIXEL_MEAN[c]));
          values[(c * height + y) * width + x] = centred / Math.fround(PIXEL_STD[c]);
        }
      }
    }
    return tensor(values, { shape: [1, channels, height, width] });
  });
  return cat(padded, 0);
}

/** Those entries whose names start with `backbone.`, without it. */
export function backboneEntries<Value>(entries: ReadonlyMap<string, Value>): Map<string, Value> {
  const prefix = "backbone.";
  return new Map(
    [...entries]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

/** Every `step`-th element of a tensor in row-major order, as recorded samples are. */
export function everyNth(values: ArrayLike<number | bigint>, step: number): number[] {
  const sample: number[] = [];
  for (let i = 0; i < values.length; i += step) sample.push(Number(values[i]));
  return sample;
}
