import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { id2rgb } from "@detectron-ts/coco";
import {
  DatasetCatalog,
  type DatasetDict,
  MetadataCatalog,
  type MetadataFields,
  registerCocoInstances,
  registerCocoPanopticSeparated,
} from "@detectron-ts/data";
import { writeImage } from "@detectron-ts/image";
import { BoxMode } from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

import {
  type Dart,
  KEYPOINT_FLIP_MAP,
  KEYPOINT_NAMES,
  makeScene,
  type Scene,
  SCENE_SIZE,
  type SceneOptions,
  STUFF_CLASSES,
  STUFF_COLORS,
  THING_CLASSES,
  THING_COLORS,
} from "./scene.ts";

/** Names under which scenes are registered, each for a kind of model. */
export interface SceneDataset {
  /** Boxes, outlines and keypoints. */
  readonly instances: string;
  /** The same and label maps. */
  readonly separated: string;
  /** Label maps alone. */
  readonly stuffOnly: string;
  /** Rotated boxes. */
  readonly rotated: string;
}

/** Number of scenes, seed of the first, and what they hold. */
export interface SceneDatasetOptions extends SceneOptions {
  readonly count: number;
  readonly seed: number;
}

/** Label 0 of label maps stands for all things, as in COCO's. */
const STUFF = ["things", ...STUFF_CLASSES];

/**
 * Makes scenes, writes them in COCO's layout (images, objects with keypoints, label maps, panoptic PNGs) and registers them
 * for every kind of model. Image files are JPEG, labels PNG.
 */
export async function registerScenes(
  name: string,
  folder: string,
  { count, seed, ...options }: SceneDatasetOptions,
): Promise<SceneDataset> {
  const paths = {
    images: join(folder, "images"),
    labels: join(folder, "labels"),
    panoptic: join(folder, "panoptic"),
    panopticJson: join(folder, "panoptic.json"),
    instancesJson: join(folder, "instances.json"),
  };
  for (const path of [paths.images, paths.labels, paths.panoptic]) {
    await mkdir(path, { recursive: true });
  }
  const scenes = Array.from({ length: count }, (_, i) => makeScene(seed + i, options));
  for (const [i, scene] of scenes.entries()) {
    await writeImage(join(paths.images, `${i}.jpg`), scene.image, { quality: 98 });
    await writeImage(join(paths.labels, `${i}.png`), labelMap(scene), { format: "L" });
    await writeImage(join(paths.panoptic, `${i}.png`), panopticImage(scene));
  }
  const things = THING_CLASSES.slice(0, options.numClasses);
  await writeFile(paths.instancesJson, JSON.stringify(instancesFile(scenes, things)));
  await writeFile(paths.panopticJson, JSON.stringify(panopticFile(scenes, things)));

  const metadata = sceneMetadata(things);
  registerCocoInstances(name, keypointMetadata(), paths.instancesJson, paths.images);
  registerCocoPanopticSeparated(
    name,
    metadata,
    paths.images,
    paths.panoptic,
    paths.panopticJson,
    paths.labels,
    paths.instancesJson,
  );
  const rotated = `${name}_rotated`;
  DatasetCatalog.register(rotated, () => rotatedDicts(scenes, paths.images));
  MetadataCatalog.get(rotated).set({ thingClasses: things, evaluatorType: "coco" });
  return {
    instances: name,
    separated: `${name}_separated`,
    stuffOnly: `${name}_stuffonly`,
    rotated,
  };
}

function keypointMetadata(): Partial<MetadataFields> {
  return {
    keypointNames: KEYPOINT_NAMES,
    keypointFlipMap: KEYPOINT_FLIP_MAP,
    keypointConnectionRules: KEYPOINT_NAMES.map((from, i) => [
      from,
      KEYPOINT_NAMES[(i + 1) % KEYPOINT_NAMES.length],
      [255, 230, 0],
    ]),
  };
}

function sceneMetadata(things: readonly string[]): Partial<MetadataFields> {
  return {
    thingClasses: things,
    thingColors: THING_COLORS.slice(0, things.length),
    thingDatasetIdToContiguousId: new Map(things.map((_, i) => [i + 1, i])),
    stuffClasses: STUFF,
    stuffColors: [[128, 128, 128], ...STUFF_COLORS],
    stuffDatasetIdToContiguousId: new Map([
      [0, 0],
      ...STUFF_CLASSES.map((_, i): [number, number] => [stuffCategory(i), i + 1]),
    ]),
  };
}

/** Category ids of the background come after those of all things. */
function stuffCategory(index: number): number {
  return THING_CLASSES.length + 1 + index;
}

/** 0 where a dart is, else 1 for the sky and 2 for the sea. */
function labelMap({ stuff, masks }: Scene): NdArray<Uint8Array> {
  const labels = Uint8Array.from(stuff, (label, i) =>
    masks.some((mask) => mask[i] !== 0) ? 0 : label + 1,
  );
  return ndarray(labels, [SCENE_SIZE, SCENE_SIZE]);
}

/** Ids of segments: 1 and 2 are the sky and the sea, darts follow. */
function segmentIds({ stuff, masks }: Scene): Int32Array {
  return Int32Array.from(stuff, (label, i) => {
    const dart = masks.findIndex((mask) => mask[i] !== 0);
    return dart < 0 ? label + 1 : STUFF_CLASSES.length + 1 + dart;
  });
}

function panopticImage(scene: Scene): NdArray<Uint8Array> {
  return ndarray(id2rgb(segmentIds(scene)), [SCENE_SIZE, SCENE_SIZE, 3]);
}

function categories(things: readonly string[]): { id: number; name: string; isthing: 0 | 1 }[] {
  return [
    ...things.map((name, i) => ({ id: i + 1, name, isthing: 1 as const })),
    ...STUFF_CLASSES.map((name, i) => ({ id: stuffCategory(i), name, isthing: 0 as const })),
  ];
}

function images(scenes: readonly Scene[]): object[] {
  return scenes.map((_, id) => ({
    id,
    file_name: `${id}.jpg`,
    height: SCENE_SIZE,
    width: SCENE_SIZE,
  }));
}

function instancesFile(scenes: readonly Scene[], things: readonly string[]): object {
  const darts = scenes.flatMap((scene, imageId) =>
    scene.darts.map((dart, i) => ({ dart, imageId, area: areaOf(scene.masks[i]) })),
  );
  return {
    images: images(scenes),
    annotations: darts.map(({ dart, imageId, area }, i) => ({
      id: i + 1,
      image_id: imageId,
      category_id: dart.categoryId + 1,
      bbox: boundsOf(dart),
      area,
      iscrowd: 0,
      segmentation: [dart.polygon],
      // COCO's keypoints are indices of pixels, half a pixel less than coordinates.
      keypoints: dart.polygon.flatMap((value, at) =>
        at % 2 === 0 ? [value - 0.5] : [value - 0.5, 2],
      ),
      num_keypoints: KEYPOINT_NAMES.length,
    })),
    categories: categories(things).filter(({ isthing }) => isthing === 1),
  };
}

function panopticFile(scenes: readonly Scene[], things: readonly string[]): object {
  return {
    images: images(scenes),
    annotations: scenes.map((scene, id) => {
      const ids = segmentIds(scene);
      const categoryOf = (segment: number): number =>
        segment <= STUFF_CLASSES.length
          ? stuffCategory(segment - 1)
          : scene.darts[segment - STUFF_CLASSES.length - 1].categoryId + 1;
      return {
        image_id: id,
        file_name: `${id}.png`,
        segments_info: [...new Set(ids)].map((segment) => ({
          id: segment,
          category_id: categoryOf(segment),
          area: ids.filter((each) => each === segment).length,
          bbox: [0, 0, SCENE_SIZE, SCENE_SIZE],
          iscrowd: 0,
        })),
      };
    }),
    categories: categories(things),
  };
}

function rotatedDicts(scenes: readonly Scene[], imageFolder: string): DatasetDict[] {
  return scenes.map(({ darts }, imageId) => ({
    fileName: join(imageFolder, `${imageId}.jpg`),
    imageId,
    height: SCENE_SIZE,
    width: SCENE_SIZE,
    annotations: darts.map(({ categoryId, rotatedBox }) => ({
      bbox: [...rotatedBox],
      bboxMode: BoxMode.XYWHA_ABS,
      categoryId,
    })),
  }));
}

function areaOf(mask: Uint8Array): number {
  return mask.reduce((sum, inside) => sum + inside, 0);
}

/** The upright rectangle around a dart: x, y, width, height. */
function boundsOf({ polygon }: Dart): number[] {
  const xs = polygon.filter((_, i) => i % 2 === 0);
  const ys = polygon.filter((_, i) => i % 2 === 1);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return [x, y, Math.max(...xs) - x, Math.max(...ys) - y];
}
