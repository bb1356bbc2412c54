import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { DatasetCatalog, MetadataCatalog, type DatasetDict } from "@detectron-ts/data";
import { writeImage } from "@detectron-ts/image";
import { Generator } from "@detectron-ts/nn";
import { BoxMode } from "@detectron-ts/structures";
import ndarray from "ndarray";

const SIZE = 96;
/** Colour of each class, in RGB. */
const COLOURS = [
  [230, 60, 40],
  [40, 90, 230],
] as const;

/**
 * Writes images of grey noise with two bars, each red or blue, and registers them with rotated boxes as their ground truth. The
 * same every time. Angles are between -60 and 60 degrees, so that none is like another half a circle away.
 */
export async function registerBars(name: string, folder: string, count: number): Promise<void> {
  const random = new Generator(count);
  mkdirSync(folder, { recursive: true });
  const dicts: DatasetDict[] = [];
  for (let imageId = 1; imageId <= count; imageId++) {
    const pixels = Uint8Array.from({ length: SIZE * SIZE * 3 }, () => 90 + random.nextInt(40));
    const annotations = [0, 1].map((half) => {
      const categoryId = random.nextInt(2);
      const [width, height] = [30 + random.nextInt(10), 10 + random.nextInt(4)];
      // One in each half, so that they hardly overlap.
      const [x, y] = [half * 48 + 20 + random.nextInt(8), 22 + random.nextInt(52)];
      const angle = random.nextInt(120) - 60;
      fill(pixels, [x, y, width, height, angle], COLOURS[categoryId]);
      const bbox = [x, y, width, height, angle];
      return { bbox, bboxMode: BoxMode.XYWHA_ABS, categoryId };
    });
    const fileName = join(folder, `${imageId}.png`);
    await writeImage(fileName, ndarray(pixels, [SIZE, SIZE, 3]));
    dicts.push({ fileName, imageId, height: SIZE, width: SIZE, annotations });
  }
  DatasetCatalog.register(name, () => dicts);
  MetadataCatalog.get(name).set({ thingClasses: ["red", "blue"], evaluatorType: "coco" });
}

type RotatedBox = readonly [x: number, y: number, width: number, height: number, angle: number];

function fill(
  pixels: Uint8Array,
  [x, y, width, height, angle]: RotatedBox,
  colour: readonly number[],
): void {
  const cos = Math.cos((angle * Math.PI) / 180);
  const sin = Math.sin((angle * Math.PI) / 180);
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      const [dx, dy] = [column + 0.5 - x, row + 0.5 - y];
      const isInside =
        Math.abs(dx * cos - dy * sin) <= width / 2 && Math.abs(dx * sin + dy * cos) <= height / 2;
      if (isInside) pixels.set(colour, 3 * (row * SIZE + column));
    }
  }
}
