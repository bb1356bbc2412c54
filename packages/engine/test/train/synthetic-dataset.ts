import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { DatasetCatalog, MetadataCatalog, registerCocoInstances } from "@detectron-ts/data";
import { writeImage } from "@detectron-ts/image";
import { Generator } from "@detectron-ts/nn";
import ndarray from "ndarray";

const SIZE = 96;
/** Colour of each class, in RGB. */
const COLOURS = [
  [230, 60, 40],
  [40, 90, 230],
] as const;

/**
 * Writes images of grey noise with red squares and blue diamonds, and their ground truth in COCO's format with polygons, and
 * registers them. The same every time.
 */
export async function registerShapes(name: string, folder: string, count: number): Promise<void> {
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
      const polygon = label === 0 ? square(x, y, radius) : diamond(x, y, radius);
      fill(pixels, x, y, radius, label);
      annotations.push({
        id: annotations.length + 1,
        image_id: id,
        category_id: label + 1,
        bbox: [x - radius, y - radius, 2 * radius, 2 * radius],
        area: label === 0 ? 4 * radius ** 2 : 2 * radius ** 2,
        iscrowd: 0,
        segmentation: [polygon],
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
  registerCocoInstances(name, {}, file, join(folder, "images"));
}

/** Takes a dataset of {@link registerShapes} out of the catalogs. */
export function unregister(name: string): void {
  DatasetCatalog.remove(name);
  MetadataCatalog.remove(name);
}

function square(x: number, y: number, r: number): number[] {
  return [x - r, y - r, x + r, y - r, x + r, y + r, x - r, y + r];
}

function diamond(x: number, y: number, r: number): number[] {
  return [x, y - r, x + r, y, x, y + r, x - r, y];
}

function fill(pixels: Uint8Array, x: number, y: number, radius: number, label: number): void {
  for (let dy = -radius; dy < radius; dy++) {
    for (let dx = -radius; dx < radius; dx++) {
      if (label === 1 && Math.abs(dx + 0.5) + Math.abs(dy + 0.5) > radius) continue;
      pixels.set(COLOURS[label], ((y + dy) * SIZE + x + dx) * 3);
    }
  }
}
