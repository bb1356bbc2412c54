import type { MetadataFields } from "../catalog/metadata-catalog.ts";
import { ADE20K_CLASSES } from "./classes/ade20k.ts";
import { CITYSCAPES_STUFF_LABELS, CITYSCAPES_THING_LABELS } from "./classes/cityscapes.ts";
import { COCO_CATEGORIES } from "./classes/coco.ts";
import {
  COCO_PERSON_KEYPOINT_FLIP_MAP,
  COCO_PERSON_KEYPOINT_NAMES,
  KEYPOINT_CONNECTION_RULES,
} from "./classes/coco-person.ts";
import { LVIS_V0_5_CLASSES } from "./classes/lvis-v0.5.ts";
import { LVIS_V1_CLASSES, LVIS_V1_IMAGE_COUNTS } from "./classes/lvis-v1.ts";

/** What is known about the classes of a dataset, wherever its files are. */
export type ClassMetadata = Readonly<Partial<MetadataFields>>;

/** COCO's 80 things. */
export const cocoMetadata = once((): ClassMetadata => {
  const things = COCO_CATEGORIES.filter(([, , isThing]) => isThing);
  return {
    thingClasses: things.map(([, name]) => name),
    thingColors: things.map(([, , , color]) => color),
    thingDatasetIdToContiguousId: new Map(things.map(([id], index) => [id, index])),
  };
});

/** COCO's person with its keypoints. */
export const cocoPersonMetadata = once((): ClassMetadata => ({
  thingClasses: ["person"],
  keypointNames: COCO_PERSON_KEYPOINT_NAMES,
  keypointFlipMap: COCO_PERSON_KEYPOINT_FLIP_MAP,
  keypointConnectionRules: KEYPOINT_CONNECTION_RULES,
}));

/**
 * COCO's panoptic segmentation with ids of their own for things and stuff, as Panoptic FPN learns them: stuff are the 53
 * categories behind one, 0, for all things.
 */
export const cocoPanopticSeparatedMetadata = once((): ClassMetadata => {
  const stuff = COCO_CATEGORIES.filter(([, , isThing]) => !isThing);
  return {
    ...cocoMetadata(),
    stuffClasses: ["things", ...stuff.map(([, name]) => shortName(name))],
    stuffColors: [[82, 18, 128], ...stuff.map(([, , , color]) => color)],
    stuffDatasetIdToContiguousId: new Map([
      ...stuff.map(([id], index) => [id, index + 1] as const),
      [0, 0] as const,
    ]),
  };
});

/** COCO's panoptic segmentation with one range of ids for all 133 categories. */
export const cocoPanopticStandardMetadata = once((): ClassMetadata =>
  panopticMetadata(
    COCO_CATEGORIES.map(([id, name, isThing, color]) => ({ id, name, isThing: !!isThing, color })),
  ),
);

/** Cityscapes' panoptic segmentation with one range of ids for all 19 categories. */
export const cityscapesPanopticMetadata = once((): ClassMetadata =>
  panopticMetadata(
    CITYSCAPES_STUFF_LABELS.map(({ id, name, hasInstances, color }) => ({
      id,
      name,
      isThing: hasInstances,
      color,
    })),
  ),
);

/** The 8 things of Cityscapes, and its 19 classes of pixels. */
export const cityscapesMetadata = once((): ClassMetadata => ({
  thingClasses: CITYSCAPES_THING_LABELS.map(({ name }) => name),
  stuffClasses: CITYSCAPES_STUFF_LABELS.map(({ name }) => name),
}));

/** ADE20K's 150 classes of pixels. */
export const ade20kMetadata = once((): ClassMetadata => ({
  stuffClasses: ADE20K_CLASSES.trim().replaceAll("\n", " ").split("; "),
}));

const lvisV05Metadata = once((): ClassMetadata => ({ thingClasses: listed(LVIS_V0_5_CLASSES) }));

const lvisV1Metadata = once((): ClassMetadata => ({
  thingClasses: listed(LVIS_V1_CLASSES),
  classImageCount: listed(LVIS_V1_IMAGE_COUNTS).map(Number),
}));

/**
 * What is known about the classes of LVIS, by a dataset's name: with `cocofied` in it COCO's things, with `v0.5` or `v1` those
 * of that version; undefined for other names. Mirrors detectron2's `get_lvis_instances_meta`.
 */
export function getLvisInstancesMeta(datasetName: string): ClassMetadata | undefined {
  if (datasetName.includes("cocofied")) return cocoMetadata();
  if (datasetName.includes("v0.5")) return lvisV05Metadata();
  return datasetName.includes("v1") ? lvisV1Metadata() : undefined;
}

/** Of "tree-merged" and "sky-other-merged", "tree" and "sky". */
function shortName(name: string): string {
  return name.replace("-other", "").replace("-merged", "");
}

interface PanopticCategory {
  readonly id: number;
  readonly name: string;
  readonly isThing: boolean;
  readonly color: readonly [number, number, number];
}

/** Things and stuff both get all names and colors: with one range of ids, any of them may be asked for either way. */
function panopticMetadata(categories: readonly PanopticCategory[]): ClassMetadata {
  const names = categories.map(({ name }) => name);
  const colors = categories.map(({ color }) => color);
  const contiguousIds = (things: boolean): Map<number, number> =>
    new Map(
      categories.flatMap(({ id, isThing }, index) =>
        isThing === things ? [[id, index] as const] : [],
      ),
    );
  return {
    thingClasses: names,
    thingColors: colors,
    stuffClasses: names,
    stuffColors: colors,
    thingDatasetIdToContiguousId: contiguousIds(true),
    stuffDatasetIdToContiguousId: contiguousIds(false),
  };
}

function listed(text: string): string[] {
  return text.trim().split(/,\s+/);
}

/** The function, but what it makes is made at the first call and kept: lists of a thousand names cost nothing before. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
