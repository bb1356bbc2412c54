import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { DatasetCatalog, MetadataCatalog, registerCocoInstances } from "@detectron-ts/data";
import { writeImage } from "@detectron-ts/image";
import { Generator } from "@detectron-ts/nn";
import ndarray from "ndarray";

/** Sides of the images, in pixels. */
export const SIZE = 96;
/** Colour of each class, in RGB. */
export const COLOURS = [
  [230, 60, 40],
  [40, 90, 230],
] as const;

const KEYPOINT_METADATA = {
  keypointNames: ["left", "right", "top", "bottom", "middle"],
  keypointFlipMap: [["left", "right"]],
} as const;

/**
 * Writes images of grey noise with red squares and blue diamonds, and their ground truth in COCO's format with polygons, and
 * registers them. The same every time. With keypoints, each has its four outermost points and its middle.
 */
export async function registerShapes(
  name: string,
  folder: string,
  count: number,
  { keypoints = false }: { readonly keypoints?: boolean } = {},
): Promise<void> {
  const random = new Generator(count);
  const annotations: object[] = [];
  mkdirSync(join(folder, "images"), { recursive: true });
  for (let id = 1; id <= count; id++) {
    const pixels = Uint8Array.from({ length: SIZE * SIZE * 3 }, () => 90 + random.nextInt(40));
    // One in each half, so that they never overlap.
    for (const half of [0, 1]) {
      const label = random.nextInt(2);
      const radius = 12 + random.nextInt(9);
      const x = half * 48 + radius + random.nextInt(48 - 2 * radius + 1);
      const y = radius + random.nextInt(SIZE - 2 * radius);
      const polygon = outline(label, x, y, radius);
      forEachPixel(label, x, y, radius, (pixel) => pixels.set(COLOURS[label], 3 * pixel));
      annotations.push({
        id: annotations.length + 1,
        image_id: id,
        category_id: label + 1,
        bbox: [x - radius, y - radius, 2 * radius, 2 * radius],
        area: label === 0 ? 4 * radius ** 2 : 2 * radius ** 2,
        iscrowd: 0,
        segmentation: [polygon],
        ...(keypoints && { keypoints: keypointsOf(x, y, radius), num_keypoints: 5 }),
      });
    }
    const image = ndarray(pixels, [SIZE, SIZE, 3]);
    await writeImage(join(folder, "images", `${id}.png`), image);
  }
  const images = Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    file_name: `${i + 1}.png`,
    width: SIZE,
    height: SIZE,
  }));
  const categories = [
    { id: 1, name: "square" },
    { id: 2, name: "diamond" },
  ];
  const file = join(folder, "annotations.json");
  writeFileSync(file, JSON.stringify({ images, annotations, categories }));
  registerCocoInstances(name, keypoints ? KEYPOINT_METADATA : {}, file, join(folder, "images"));
}

/** Points of the shape in the order of {@link KEYPOINT_METADATA}, as COCO has them: half a pixel before where they are. */
function keypointsOf(x: number, y: number, radius: number): number[] {
  const points = [
    [x - radius, y],
    [x + radius, y],
    [x, y - radius],
    [x, y + radius],
    [x, y],
  ];
  return points.flatMap(([px, py]) => [px - 0.5, py - 0.5, 2]);
}

/** Takes a dataset of {@link registerShapes} out of the catalogs. */
export function unregister(name: string): void {
  DatasetCatalog.remove(name);
  MetadataCatalog.remove(name);
}

/** Polygon around a shape: a square of class 0, or a diamond of class 1. */
export function outline(label: number, x: number, y: number, r: number): number[] {
  if (label === 0) return [x - r, y - r, x + r, y - r, x + r, y + r, x - r, y + r];
  return [x, y - r, x + r, y, x, y + r, x - r, y];
}

/** Visits the pixels of a shape by their position in the image, row by row. */
export function forEachPixel(
  label: number,
  x: number,
  y: number,
  radius: number,
  visit: (pixel: number) => void,
): void {
  for (let dy = -radius; dy < radius; dy++) {
    for (let dx = -radius; dx < radius; dx++) {
      if (label === 1 && Math.abs(dx + 0.5) + Math.abs(dy + 0.5) > radius) continue;
      visit((y + dy) * SIZE + x + dx);
    }
  }
}
