import { basename } from "node:path";
import { encode } from "@detectron-ts/coco";
import { readGrayImage } from "@detectron-ts/image";
import { BoxMode } from "@detectron-ts/structures";

import {
  CITYSCAPES_LABELS,
  CITYSCAPES_THING_LABELS,
  type CityscapesLabel,
} from "../builtin/classes/cityscapes.ts";
import type { Annotation, DatasetDict } from "../dataset-dict.ts";
import { AnnotationError } from "../errors.ts";
import { listCityscapesFiles } from "./cityscapes-files.ts";
import { type CityscapesObject, readCityscapesPolygons } from "./cityscapes-polygons.ts";
import {
  type Area,
  loadPolygonGeometry,
  type PolygonGeometry,
  type Ring,
} from "./polygon-geometry.ts";

const { fround } = Math;

/** Options of {@link loadCityscapesInstances}. */
export interface LoadCityscapesInstancesOptions {
  /**
   * Whether objects are read from `gtFine_polygons.json`, as polygons; else from `gtFine_instanceIds.png`, as run-length
   * encodings, which need INPUT.MASK_FORMAT `bitmask`. True by default.
   */
  readonly fromJson?: boolean;
}

/**
 * Reads Cityscapes for instance segmentation. Groups (`cargroup`) are crowds. Mirrors detectron2's
 * `load_cityscapes_instances`.
 *
 * Polygons lie one before the other, the last in front; what is covered is cut off, and an object in several parts has
 * several polygons. Corners are middles of pixels in the files, and pixels on the outline belong to the object: hence outlines
 * move and grow by half a pixel.
 *
 * @param imageDir - `leftImg8bit/<split>`.
 * @param gtDir - `gtFine/<split>`.
 * @throws DatasetFileError | AnnotationError when files are missing or broken.
 */
export async function loadCityscapesInstances(
  imageDir: string,
  gtDir: string,
  { fromJson = true }: LoadCityscapesInstancesOptions = {},
): Promise<DatasetDict[]> {
  const geometry = fromJson ? await loadPolygonGeometry() : undefined;
  const dicts: DatasetDict[] = [];
  for (const { image, gtPrefix } of await listCityscapesFiles(imageDir, gtDir)) {
    const objects = geometry
      ? await readOutlines(`${gtPrefix}_polygons.json`, geometry)
      : await readInstanceIds(`${gtPrefix}_instanceIds.png`);
    dicts.push({ fileName: image, imageId: basename(image), ...objects });
  }
  return dicts;
}

type ImageObjects = Required<Pick<DatasetDict, "height" | "width" | "annotations">>;

const LABELS_BY_NAME = new Map(CITYSCAPES_LABELS.map((label) => [label.name, label]));

async function readOutlines(file: string, geometry: PolygonGeometry): Promise<ImageObjects> {
  const { imgHeight, imgWidth, objects } = await readCityscapesPolygons(file);
  const annotations: Annotation[] = [];
  const inFront: Outline[] = [];
  for (const [index, object] of [...objects.entries()].reverse()) {
    if (object.deleted) continue;
    const label = labelOf(file, object, index);
    if (label.id < 0) continue;
    if (object.polygon.length < 3) {
      throw new AnnotationError(file, index, `has ${object.polygon.length} corners, wanted 3`);
    }
    const outline = new Outline(object.polygon, geometry);
    const categoryId = CITYSCAPES_THING_LABELS.indexOf(label);
    const segmentation = categoryId < 0 ? [] : outline.visibleRings(inFront);
    // Stuff covers what is behind it, too.
    inFront.push(outline);
    if (segmentation.length === 0) continue;
    annotations.push({
      bbox: boundsOf(segmentation),
      bboxMode: BoxMode.XYXY_ABS,
      categoryId,
      segmentation,
      iscrowd: object.label.endsWith("group") ? 1 : 0,
      id: index,
    });
  }
  return { height: imgHeight, width: imgWidth, annotations };
}

/** Half a pixel: from indices of pixels to their middles, and from there to their edges. */
const HALF = 0.5;

/** What an object would cover if nothing were in front of it. */
class Outline {
  readonly #geometry: PolygonGeometry;
  readonly #ring: Ring;
  readonly #bounds: readonly [xmin: number, ymin: number, xmax: number, ymax: number];
  #area: Area | undefined;

  constructor(corners: CityscapesObject["polygon"], geometry: PolygonGeometry) {
    this.#geometry = geometry;
    this.#ring = corners.flatMap((corner) => corner.map((value) => fround(fround(value) + HALF)));
    this.#bounds = boundsOf([this.#ring]);
  }

  /** Made when it is asked for: most of what is far from any object never is. */
  get area(): Area {
    return (this.#area ??= this.#geometry.grown(this.#ring, HALF));
  }

  /** The outer rings of what others leave of it; none when they cover all. */
  visibleRings(inFront: readonly Outline[]): Ring[] {
    let visible = this.area;
    for (const other of inFront) {
      if (visible.isEmpty()) break;
      if (this.#isNear(other)) visible = this.#geometry.difference(visible, other.area);
    }
    return this.#geometry.outerRings(visible);
  }

  #isNear(other: Outline): boolean {
    const [xmin, ymin, xmax, ymax] = this.#bounds;
    const [left, top, right, bottom] = other.#bounds;
    const margin = 2 * HALF;
    return (
      left - margin <= xmax &&
      right + margin >= xmin &&
      top - margin <= ymax &&
      bottom + margin >= ymin
    );
  }
}

/** Several objects of a label that nobody told apart are a group of it. */
function labelOf(file: string, { label }: CityscapesObject, index: number): CityscapesLabel {
  const known = LABELS_BY_NAME.get(label) ?? LABELS_BY_NAME.get(label.replace(/group$/, ""));
  if (known) return known;
  throw new AnnotationError(file, index, `has label "${label}", which Cityscapes does not have`);
}

function boundsOf(rings: readonly (readonly number[])[]): [number, number, number, number] {
  const corners = rings.flat();
  const xs = corners.filter((_, i) => i % 2 === 0);
  const ys = corners.filter((_, i) => i % 2 === 1);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Smallest label whose objects are told apart. */
const FIRST_INSTANCE_LABEL = Math.min(
  ...CITYSCAPES_LABELS.filter(({ hasInstances }) => hasInstances).map(({ id }) => id),
);

/** Pixels of an object have its label's id times this, plus its number; pixels of a group have the label's id alone. */
const INSTANCES_PER_LABEL = 1000;

async function readInstanceIds(file: string): Promise<ImageObjects> {
  const { data, shape } = await readGrayImage(file);
  const [height, width] = shape;
  const ids = [...new Set(data)].filter((id) => id >= FIRST_INSTANCE_LABEL).sort((a, b) => a - b);
  const annotations = ids.flatMap((instanceId): Annotation[] => {
    const isGroup = instanceId < INSTANCES_PER_LABEL;
    const labelId = isGroup ? instanceId : Math.trunc(instanceId / INSTANCES_PER_LABEL);
    const categoryId = CITYSCAPES_THING_LABELS.findIndex(({ id }) => id === labelId);
    const bbox = boxOf(data, width, instanceId);
    const [xmin, ymin, xmax, ymax] = bbox;
    if (categoryId < 0 || xmax <= xmin || ymax <= ymin) return [];
    const mask = Uint8Array.from(data, (value) => (value === instanceId ? 1 : 0));
    return [
      {
        bbox,
        bboxMode: BoxMode.XYXY_ABS,
        categoryId,
        segmentation: encode(mask, [height, width]),
        iscrowd: isGroup ? 1 : 0,
        id: instanceId,
      },
    ];
  });
  return { height, width, annotations };
}

/** First and last columns and rows with a value, as indices of pixels; detectron2's boxes of masks end there as well. */
function boxOf(
  data: ArrayLike<number>,
  width: number,
  value: number,
): [number, number, number, number] {
  let [xmin, ymin, xmax, ymax] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let pixel = 0; pixel < data.length; pixel++) {
    if (data[pixel] !== value) continue;
    const x = pixel % width;
    const y = Math.trunc(pixel / width);
    xmin = Math.min(xmin, x);
    xmax = Math.max(xmax, x);
    ymin = Math.min(ymin, y);
    ymax = Math.max(ymax, y);
  }
  return [xmin, ymin, xmax, ymax];
}
