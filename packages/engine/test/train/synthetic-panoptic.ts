import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { id2rgb } from "@detectron-ts/coco";
import { registerCocoPanopticSeparated } from "@detectron-ts/data";
import { writeImage } from "@detectron-ts/image";
import { Generator } from "@detectron-ts/nn";
import ndarray from "ndarray";

import { COLOURS, forEachPixel, outline, SIZE } from "./synthetic-dataset.ts";

/** Colour of the ground above and below, in RGB. */
const GROUNDS = [
  [120, 180, 235],
  [70, 140, 60],
] as const;
const CATEGORIES = [
  { id: 1, name: "square", isthing: 1 },
  { id: 2, name: "diamond", isthing: 1 },
  { id: 11, name: "sky", isthing: 0 },
  { id: 12, name: "grass", isthing: 0 },
];

/**
 * Writes images of shapes before a sky and a meadow, with objects, label maps and panoptic PNGs in COCO's formats, and
 * registers them as `<name>_separated` and `<name>_stuffonly`. The same every time.
 */
export async function registerMeadows(name: string, folder: string, count: number): Promise<void> {
  const random = new Generator(count);
  for (const each of ["images", "labels", "panoptic"]) {
    mkdirSync(join(folder, each), { recursive: true });
  }
  const objects: object[] = [];
  const segmentations: object[] = [];
  for (let id = 1; id <= count; id++) {
    const horizon = SIZE / 3 + random.nextInt(SIZE / 3);
    const isGrass = (pixel: number): boolean => pixel >= horizon * SIZE;
    const pixels = Uint8Array.from(
      { length: SIZE * SIZE * 3 },
      (_, byte) =>
        GROUNDS[Number(isGrass(Math.floor(byte / 3)))][byte % 3] + random.nextInt(21) - 10,
    );
    const ids = Int32Array.from({ length: SIZE * SIZE }, (_, pixel) => 1 + Number(isGrass(pixel)));
    const categories = new Map([
      [1, 11],
      [2, 12],
    ]);
    for (const half of [0, 1]) {
      const label = random.nextInt(2);
      const radius = 12 + random.nextInt(9);
      const x = half * 48 + radius + random.nextInt(48 - 2 * radius + 1);
      const y = radius + random.nextInt(SIZE - 2 * radius);
      const segment = 300 * (half + 1);
      categories.set(segment, label + 1);
      forEachPixel(label, x, y, radius, (pixel) => {
        pixels.set(COLOURS[label], 3 * pixel);
        ids[pixel] = segment;
      });
      objects.push({
        id: objects.length + 1,
        image_id: id,
        category_id: label + 1,
        bbox: [x - radius, y - radius, 2 * radius, 2 * radius],
        area: label === 0 ? 4 * radius ** 2 : 2 * radius ** 2,
        iscrowd: 0,
        segmentation: [outline(label, x, y, radius)],
      });
    }
    const labels = Uint8Array.from(ids, (segment) => (segment > 2 ? 0 : segment));
    const panoptic = ndarray(id2rgb(ids), [SIZE, SIZE, 3]);
    await writeImage(join(folder, "images", `${id}.jpg`), ndarray(pixels, [SIZE, SIZE, 3]));
    await writeImage(join(folder, "labels", `${id}.png`), ndarray(labels, [SIZE, SIZE]), {
      format: "L",
    });
    await writeImage(join(folder, "panoptic", `${id}.png`), panoptic);
    segmentations.push({
      image_id: id,
      file_name: `${id}.png`,
      segments_info: [...categories].map(([segment, category_id]) => ({
        id: segment,
        category_id,
        iscrowd: 0,
        area: ids.filter((each) => each === segment).length,
      })),
    });
  }
  const images = Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    file_name: `${i + 1}.jpg`,
    width: SIZE,
    height: SIZE,
  }));
  const instancesJson = join(folder, "instances.json");
  const things = CATEGORIES.filter(({ isthing }) => isthing === 1);
  writeFileSync(
    instancesJson,
    JSON.stringify({ images, annotations: objects, categories: things }),
  );
  const panopticJson = join(folder, "panoptic.json");
  const annotations = segmentations;
  writeFileSync(panopticJson, JSON.stringify({ images, annotations, categories: CATEGORIES }));
  registerCocoPanopticSeparated(
    name,
    {
      thingClasses: things.map((category) => category.name),
      thingDatasetIdToContiguousId: new Map([
        [1, 0],
        [2, 1],
      ]),
      stuffClasses: ["things", "sky", "grass"],
      stuffDatasetIdToContiguousId: new Map([
        [0, 0],
        [11, 1],
        [12, 2],
      ]),
    },
    join(folder, "images"),
    join(folder, "panoptic"),
    panopticJson,
    join(folder, "labels"),
    instancesJson,
  );
}
