import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { rasterizePolygons } from "@detectron-ts/coco";
import { writeImage } from "@detectron-ts/image";
import ndarray from "ndarray";

import { DEMO_FILES } from "../src/demo-files.ts";

/** The classes of the demo's model. */
export const CLASSES: readonly string[] = ["date", "fig", "hazelnut"];

/** The file in COCO's format with the objects of the demo's photograph. */
export interface DemoAnnotations {
  readonly images: readonly { readonly id: number; readonly file_name: string }[];
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  readonly annotations: readonly {
    readonly id: number;
    readonly image_id: number;
    readonly category_id: number;
    readonly bbox: readonly [number, number, number, number];
    readonly segmentation: readonly (readonly number[])[];
  }[];
}

export async function readJson<Value>(path: string | URL): Promise<Value> {
  return JSON.parse(await readFile(path, "utf8"));
}

function demoAnnotations(): Promise<DemoAnnotations> {
  return readJson(new URL("golden/demo-annotations.json", import.meta.url));
}

/** The demo's photograph and its objects as a dataset in COCO's format; returns how `--dataset` is told of it. */
export async function writeCoco(
  folder: string,
  change: (content: DemoAnnotations) => unknown = (content) => content,
): Promise<{ readonly annotations: string; readonly images: string; readonly location: string }> {
  const images = join(folder, "images");
  await mkdir(images, { recursive: true });
  await copyFile(DEMO_FILES.photograph, join(images, "fruits_and_nuts.jpg"));
  const annotations = join(folder, "annotations.json");
  await writeFile(annotations, JSON.stringify(change(await demoAnnotations())));
  return { annotations, images, location: `${annotations},${images}` };
}

/** The same as a folder in Pascal VOC's layout, with one list, `test`. */
export async function writeVoc(folder: string): Promise<string> {
  for (const name of ["Annotations", "ImageSets/Main", "JPEGImages"]) {
    await mkdir(join(folder, name), { recursive: true });
  }
  await copyFile(DEMO_FILES.photograph, join(folder, "JPEGImages", "fruits.jpg"));
  await writeFile(join(folder, "ImageSets", "Main", "test.txt"), "fruits\n");
  const { annotations } = await demoAnnotations();
  const objects = annotations.map(({ category_id, bbox: [x, y, width, height] }) => {
    const corners = { xmin: x + 1, ymin: y + 1, xmax: x + width, ymax: y + height };
    const box = Object.entries(corners).map(([tag, value]) => `<${tag}>${value}</${tag}>`);
    return `<object><name>${CLASSES[category_id - 1]}</name><bndbox>${box.join("")}</bndbox></object>`;
  });
  const size = "<size><width>800</width><height>600</height><depth>3</depth></size>";
  const xml = `<annotation>${size}${objects.join("")}</annotation>`;
  await writeFile(join(folder, "Annotations", "fruits.xml"), xml);
  return folder;
}

/** The same as a folder in Penn-Fudan's layout, all objects of one class. */
export async function writePennFudan(folder: string): Promise<string> {
  for (const name of ["PNGImages", "PedMasks"])
    await mkdir(join(folder, name), { recursive: true });
  // The reader knows the photograph by its content, whatever its name.
  await copyFile(DEMO_FILES.photograph, join(folder, "PNGImages", "fruits.png"));
  const { annotations } = await demoAnnotations();
  const labels = new Uint8Array(600 * 800);
  for (const [index, { segmentation }] of annotations.entries()) {
    rasterizePolygons(segmentation, [600, 800]).forEach((inside, i) => {
      if (inside) labels[i] = index + 1;
    });
  }
  const pixels = Uint8Array.from(
    { length: 3 * labels.length },
    (_, i) => labels[Math.trunc(i / 3)],
  );
  await writeImage(join(folder, "PedMasks", "fruits_mask.png"), ndarray(pixels, [600, 800, 3]));
  return folder;
}

/** Unpacks a recorded training's ground truth, results and metrics into a folder. */
export async function unpackTrained(model: string, folder: string): Promise<void> {
  for (const name of ["test_annotations", "coco_instances_results", "metrics_eval"]) {
    const packed = new URL(`golden/trained/${model}/${name}.json.gz`, import.meta.url);
    await writeFile(join(folder, `${name}.json`), gunzipSync(await readFile(packed)));
  }
}
