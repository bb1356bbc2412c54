import type { NdArray } from "ndarray";

import { instanceColor, shade, type Color } from "./colors.ts";
import { groundTruthParts, type DrawnDatasetDict } from "./dataset-dict.ts";
import { Drawing, type LineStyle, type ShapeStyle } from "./drawing.ts";
import { DrawingShapeError, InstanceCountError } from "./errors.ts";
import { toBoxes, toNumbers, toOutline, toOutlines } from "./inputs.ts";
import type { Box, BoxList, Mask, Outline } from "./inputs.ts";
import { toSkeletons } from "./keypoints.ts";
import { regionsOf, type LabelMap, type Region } from "./label-map.ts";
import { placeLabel, type Rectangle } from "./label-layout.ts";
import { cornersOf, toRotatedBoxes, type RotatedBox, type RotatedBoxList } from "./rotated-box.ts";
import type {
  ColorMode,
  DrawnSegment,
  InstanceOverlay,
  InstancePredictions,
  PanopticPrediction,
  PanopticStyle,
  RotatedInstanceOverlay,
  SegmentationStyle,
  TextStyle,
  VisualizerMetadata,
  VisualizerOptions,
} from "./styles.ts";
import { createTextLabels } from "./text-labels.ts";

/**
 * Instances below this area or height get their label beside them, which would hide them otherwise. In units of the
 * letters' height, since that follows the image's size.
 */
const SMALL_OBJECT_AREA = 4;
const SMALL_OBJECT_HEIGHT = 2.5;

/** Opacity of masks in each mode, as in detectron2. */
const MASK_ALPHA = { image: 0.5, segmentation: 0.8, image_bw: 0.3 } as const;

/** Outline of the regions of semantic maps, which lie side by side. */
const OFF_WHITE: Color = [255, 255, 240];

/** What pixels without a label have, where nobody says how many classes there are. */
const UNLABELLED = 255;

/**
 * Draws boxes, masks, keypoints, semantic and panoptic maps onto an image. Mirrors detectron2's `Visualizer`.
 *
 * All coordinates are absolute pixels of the image given, whatever the scale. Methods draw at once, on top of what is
 * there, and return the visualizer.
 */
export class Visualizer {
  readonly metadata: VisualizerMetadata;
  readonly colorMode: ColorMode;
  readonly #drawing: Drawing;

  /**
   * @param image RGB bytes, height × width × 3; any strides. It is copied.
   * @throws DrawingShapeError when the image has another shape or no pixels.
   */
  constructor(image: NdArray<Uint8Array>, options: VisualizerOptions = {}) {
    const { metadata = {}, scale = 1, colorMode = "image" } = options;
    const [, , channels] = image.shape;
    if (image.dimension !== 3 || channels !== 3 || image.size === 0) {
      throw new DrawingShapeError("an image", image.shape, "height × width × 3");
    }
    this.metadata = metadata;
    this.colorMode = colorMode;
    this.#drawing = new Drawing(image, scale);
  }

  /**
   * Draws predictions: masks, boxes (upright or rotated), keypoints, and labels of class name and score. In mode
   * `"image_bw"` all but the instances' masks first turns grey.
   */
  drawInstancePredictions(predictions: InstancePredictions): this {
    const { predBoxes, scores, predClasses, predMasks, predKeypoints } = predictions;
    const classes = predClasses && toNumbers(predClasses);
    const labels = createTextLabels(
      classes,
      scores && toNumbers(scores),
      this.metadata.thingClasses,
    );
    const { assignedColors = this.#classColors(classes) } = predictions;
    if (predBoxes && areRotated(predBoxes)) {
      if (this.colorMode === "image_bw") this.#drawing.takeColorsOut([]);
      return this.overlayRotatedInstances({ boxes: predBoxes, labels, assignedColors });
    }
    const masks = predMasks && toOutlines(predMasks);
    if (this.colorMode === "image_bw") {
      this.#drawing.takeColorsOut((masks ?? []).map(({ contours }) => contours));
    }
    const boxes = predBoxes && toBoxes(predBoxes);
    // Without colours of classes, that mode is as "image".
    const mode = this.colorMode === "segmentation" && !assignedColors ? "image" : this.colorMode;
    return this.#overlay(
      { boxes, masks, keypoints: predKeypoints, labels, assignedColors },
      MASK_ALPHA[mode],
    );
  }

  /**
   * Draws the ground truth of an image: masks, boxes, keypoints and class names; crowds are marked. Mirrors detectron2's
   * `draw_dataset_dict`.
   *
   * @param dict - an entry of a dataset of `@detectron-ts/data`, whose image this is.
   */
  drawDatasetDict(dict: DrawnDatasetDict): this {
    const { classes, isCrowd, ...shapes } = groundTruthParts(dict);
    return this.overlayInstances({
      ...shapes,
      labels: createTextLabels(classes, undefined, this.metadata.thingClasses, isCrowd),
      assignedColors: this.#classColors(classes),
    });
  }

  /**
   * Draws a semantic map: each class in its colour, with its name. Mirrors detectron2's `draw_sem_seg`. Pixels whose value is
   * no index of `stuffClasses` (where there are names) stay as they are: 255, the usual mark of unlabelled pixels, say.
   *
   * @param semSeg - the class of each pixel, height × width.
   * @throws DrawingShapeError when the map hasn't the size of the image.
   */
  drawSemSeg(semSeg: LabelMap, style: SegmentationStyle = {}): this {
    const { areaThreshold = 0, alpha = MASK_ALPHA.segmentation, drawText = true } = style;
    const { stuffClasses } = this.metadata;
    const known = (label: number): boolean =>
      stuffClasses ? label < stuffClasses.length : label !== UNLABELLED;
    const { height, width } = this.#drawing;
    const regions = regionsOf(semSeg, height, width, known).filter(
      ({ area }) => area >= areaThreshold,
    );
    this.#drawRegions(
      regions.map((region) => ({ region, color: this.#stuffColor(region.label) })),
      { alpha, edgeColor: OFF_WHITE },
      drawText ? ({ label }) => stuffClasses?.[label] ?? String(label) : undefined,
    );
    return this;
  }

  /**
   * Draws a panoptic map: the background's segments in the colours of their classes, then the instances in shades of theirs,
   * with names and scores. Mirrors detectron2's `draw_panoptic_seg`. In mode `"image_bw"`, pixels of no segment turn grey.
   *
   * @throws DrawingShapeError when the map hasn't the size of the image.
   */
  drawPanopticSeg(
    { panopticSeg, segmentsInfo }: PanopticPrediction,
    style: PanopticStyle = {},
  ): this {
    const { areaThreshold = 0, alpha = 0.7, drawText = true, instanceColors } = style;
    const { height, width } = this.#drawing;
    const segments = new Map(segmentsInfo.map((segment) => [segment.id, segment]));
    const regions = regionsOf(panopticSeg, height, width, (id) => segments.has(id));
    if (this.colorMode === "image_bw") {
      this.#drawing.takeColorsOut(regions.map(({ contours }) => contours));
    }
    const of = (isThing: boolean): Region[] =>
      regions.filter(({ label, area }) => {
        const segment = segments.get(label)!;
        return segment.isThing === isThing && (isThing || area >= areaThreshold);
      });
    const names = drawText
      ? ({ label }: Region): string => this.#segmentName(segments.get(label)!)
      : undefined;
    const color = ({ label }: Region): Color => {
      const { isThing, categoryId } = segments.get(label)!;
      if (!isThing) return this.#stuffColor(categoryId);
      return instanceColors?.get(label) ?? this.#instanceColor(categoryId, label);
    };
    const colored = (region: Region): { region: Region; color: Color } => ({
      region,
      color: color(region),
    });
    this.#drawRegions([...of(false), ...of(true)].map(colored), { alpha }, names);
    return this;
  }

  /**
   * Draws instances, the largest first, so that small ones stay visible; boxes above all masks, labels above all boxes,
   * keypoints above everything.
   *
   * @throws InstanceCountError when the parts are not equally many.
   */
  overlayInstances({ boxes, masks, alpha, ...others }: InstanceOverlay): this {
    return this.#overlay(
      { ...others, boxes: boxes && toBoxes(boxes), masks: masks && toOutlines(masks) },
      alpha,
    );
  }

  /**
   * Draws rotated boxes, the largest first, with their labels at their top left corner. Mirrors detectron2's
   * `overlay_rotated_instances`.
   *
   * @throws InstanceCountError when the parts are not equally many.
   */
  overlayRotatedInstances(overlay: RotatedInstanceOverlay): this {
    const boxes = toRotatedBoxes(overlay.boxes);
    const { labels, assignedColors } = overlay;
    commonCount({ boxes, labels, colors: assignedColors });
    const instances = boxes
      .map((box, index) => ({
        box,
        label: labels?.[index],
        color: assignedColors?.[index] ?? instanceColor(index),
      }))
      .sort((a, b) => b.box[2] * b.box[3] - a.box[2] * a.box[3]);
    for (const { box, color } of instances) this.drawRotatedBox(box, { color });
    for (const { box, label, color } of instances) {
      if (!label) continue;
      const [corner] = cornersOf(box);
      const fontSize = this.#drawing.labelSize({ x: 0, y: 0, width: box[2], height: box[3] });
      this.#drawing.chip(label, this.#drawing.chipAt(label, corner, fontSize), fontSize, color);
    }
    return this;
  }

  /** Draws the outline of a box. */
  drawBox(box: Box, style: LineStyle): this {
    this.#drawing.strokeRectangle(rectangleOf(box), style);
    return this;
  }

  /** Draws the outline of a rotated box; its top side is broken, so that the angle can be read. */
  drawRotatedBox(box: RotatedBox, style: LineStyle): this {
    const corners = cornersOf(box);
    for (const [side, corner] of corners.entries()) {
      const dashed = side === corners.length - 1;
      this.#drawing.line(corner, corners[(side + 1) % corners.length], { ...style, dashed });
    }
    return this;
  }

  /** Writes text on a coloured chip whose top-left corner is at (x, y), moved where it would leave the image. */
  drawText(text: string, position: readonly [number, number], style: TextStyle): this {
    const { color, fontSize = this.#drawing.fontSize } = style;
    this.#drawing.chip(text, this.#drawing.chipAt(text, position, fontSize), fontSize, color);
    return this;
  }

  /** Tints a mask and draws its contour; holes stay clear. */
  drawBinaryMask(mask: Mask, style: ShapeStyle): this {
    this.#drawing.fillContours(toOutline(mask).contours, style);
    return this;
  }

  /**
   * Fills a polygon and draws its outline.
   *
   * @param points Flat coordinates (x0, y0, x1, y1, …).
   */
  drawPolygon(points: readonly number[], style: ShapeStyle): this {
    this.#drawing.fillContours([Float64Array.from(points)], style);
    return this;
  }

  /** The picture so far: a copy of its RGB bytes, (height · scale) × (width · scale) × 3. */
  getImage(): NdArray<Uint8Array> {
    return this.#drawing.toImage();
  }

  #overlay(overlay: OutlinedOverlay, alpha?: number): this {
    const { boxes, masks, labels, assignedColors } = overlay;
    const skeletons = overlay.keypoints && toSkeletons(overlay.keypoints, this.metadata);
    const count = commonCount({
      boxes,
      masks,
      labels,
      keypoints: skeletons,
      colors: assignedColors,
    });

    const instances = Array.from({ length: count }, (_, index) => ({
      box: boxes?.[index],
      outline: masks?.[index],
      label: labels?.[index],
      color: assignedColors?.[index] ?? instanceColor(index),
      area: boxes ? boxArea(boxes[index]) : (masks?.[index].area ?? 0),
    })).sort((a, b) => b.area - a.area);

    const drawing = this.#drawing;
    for (const { outline, color } of instances) {
      if (outline) drawing.fillContours(outline.contours, { color, alpha });
    }
    for (const { box, color } of instances) {
      if (box) this.drawBox(box, { color });
    }
    const placed: Rectangle[] = [];
    for (const { box, outline, label, color, area } of instances) {
      const anchor = box ? rectangleOf(box) : outline && boundsOf(outline);
      if (!label || !anchor) continue;
      const small =
        area < SMALL_OBJECT_AREA * drawing.fontSize ** 2 ||
        anchor.height < SMALL_OBJECT_HEIGHT * drawing.fontSize;
      const fontSize = drawing.labelSize(anchor);
      const size = drawing.chipSize(label, fontSize);
      const chip = placeLabel(size, anchor, small, drawing, placed);
      placed.push(chip);
      drawing.chip(label, chip, fontSize, color);
    }
    for (const skeleton of skeletons ?? []) drawing.skeleton(skeleton);
    return this;
  }

  /** Fills regions one after the other, then writes their names, if there are, in their middle. */
  #drawRegions(
    regions: readonly { readonly region: Region; readonly color: Color }[],
    style: Omit<ShapeStyle, "color">,
    nameOf?: (region: Region) => string,
  ): void {
    const drawing = this.#drawing;
    for (const { region, color } of regions) {
      drawing.fillContours(region.contours, { ...style, color });
    }
    if (nameOf === undefined) return;
    for (const { region, color } of regions) {
      const name = nameOf(region);
      const { width, height } = drawing.chipSize(name, drawing.fontSize);
      const [x, y] = region.center;
      const chip = drawing.chipAt(name, [x - width / 2, y - height / 2], drawing.fontSize);
      drawing.chip(name, chip, drawing.fontSize, color);
    }
  }

  #segmentName({ isThing, categoryId, score }: DrawnSegment): string {
    const { thingClasses, stuffClasses } = this.metadata;
    const names = isThing ? thingClasses : stuffClasses;
    const scores = score === undefined ? undefined : [score];
    const [name] = createTextLabels([categoryId], scores, names) ?? [];
    return name;
  }

  /** Shades of the classes' colours where instances are told apart by class. */
  #classColors(classes: readonly number[] | undefined): Color[] | undefined {
    if (this.colorMode !== "segmentation" || !this.metadata.thingColors) return undefined;
    return classes?.map((id, index) => this.#instanceColor(id, index));
  }

  #instanceColor(categoryId: number, index: number): Color {
    return shade(this.metadata.thingColors?.[categoryId] ?? instanceColor(categoryId), index);
  }

  #stuffColor(categoryId: number): Color {
    return this.metadata.stuffColors?.[categoryId] ?? instanceColor(categoryId);
  }
}

/** An overlay whose shapes are read. */
interface OutlinedOverlay extends Omit<InstanceOverlay, "boxes" | "masks" | "alpha"> {
  readonly boxes?: readonly number[][];
  readonly masks?: readonly Outline[];
}

/** Whether boxes are of five numbers. */
function areRotated(boxes: BoxList | RotatedBoxList): boolean {
  const [first] = boxes;
  return first?.length === 5;
}

/** The number of instances that all present parts agree on; 0 when there is none. */
function commonCount(parts: Readonly<Record<string, readonly unknown[] | undefined>>): number {
  const counts: Record<string, number> = {};
  for (const [name, part] of Object.entries(parts)) {
    if (part) counts[name] = part.length;
  }
  const [first = 0, ...others] = Object.values(counts);
  if (others.some((count) => count !== first)) throw new InstanceCountError(counts);
  return first;
}

function boxArea([x0, y0, x1, y1]: readonly number[]): number {
  return (x1 - x0) * (y1 - y0);
}

function rectangleOf(box: Box): Rectangle {
  return { x: box[0], y: box[1], width: box[2] - box[0], height: box[3] - box[1] };
}

/** The box around a mask; undefined for an empty one. */
function boundsOf({ contours }: Outline): Rectangle | undefined {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const contour of contours) {
    for (let i = 0; i < contour.length; i += 2) {
      x0 = Math.min(x0, contour[i]);
      y0 = Math.min(y0, contour[i + 1]);
      x1 = Math.max(x1, contour[i]);
      y1 = Math.max(y1, contour[i + 1]);
    }
  }
  return x1 < x0 ? undefined : { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}
