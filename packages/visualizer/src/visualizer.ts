import type { SKRSContext2D } from "@napi-rs/canvas";
import ndarray, { type NdArray } from "ndarray";

import { canvasOf } from "./canvas.ts";
import { css, instanceColor, lighten, shade, textColorOn, type Color } from "./colors.ts";
import type { Contour } from "./contours.ts";
import { groundTruthParts, type DrawnDatasetDict } from "./dataset-dict.ts";
import { DrawingShapeError, InstanceCountError } from "./errors.ts";
import { labelFont } from "./fonts.ts";
import { toBoxes, toNumbers, toOutline, toOutlines } from "./inputs.ts";
import type { Box, BoxList, Mask, MaskList, NumberList, Outline } from "./inputs.ts";
import {
  toSkeletons,
  type KeypointList,
  type KeypointMetadata,
  type Skeleton,
} from "./keypoints.ts";
import { placeLabel, type Rectangle } from "./label-layout.ts";
import { createTextLabels } from "./text-labels.ts";

/** What is known about a dataset's classes and keypoints. */
export interface VisualizerMetadata extends KeypointMetadata {
  /** Class names by class index. */
  readonly thingClasses?: readonly string[];
  /** Class colours by class index, used in mode `"segmentation"`. */
  readonly thingColors?: readonly Color[];
}

/** `"image"` gives each instance a colour of its own, `"segmentation"` shades of its class's colour. */
export type ColorMode = "image" | "segmentation";

/** Options of {@link Visualizer}. */
export interface VisualizerOptions {
  readonly metadata?: VisualizerMetadata;
  /** Size of the picture relative to the image, 1 by default. */
  readonly scale?: number;
  /** `"image"` by default. */
  readonly colorMode?: ColorMode;
}

/** The fields of predictions that are drawn; each may be missing. `Instances` of `@detectron-ts/structures` fits. */
export interface InstancePredictions {
  readonly predBoxes?: BoxList;
  readonly scores?: NumberList;
  readonly predClasses?: NumberList;
  readonly predMasks?: MaskList;
  readonly predKeypoints?: KeypointList;
}

/** What {@link Visualizer.overlayInstances} draws: as many of each as there are instances. */
export interface InstanceOverlay {
  readonly boxes?: BoxList;
  readonly masks?: MaskList;
  readonly labels?: readonly string[];
  readonly keypoints?: KeypointList;
  /** One colour per instance; distinct ones by default. */
  readonly assignedColors?: readonly Color[];
  /** Opacity of the masks' filling, 0.5 by default. */
  readonly alpha?: number;
}

/** Options of a filled shape. */
export interface ShapeStyle {
  readonly color: Color;
  /** Colour of the outline, a lighter `color` by default. */
  readonly edgeColor?: Color;
  /** Opacity of the filling, 0.5 by default. */
  readonly alpha?: number;
}

/** Options of {@link Visualizer.drawBox}. */
export interface BoxStyle {
  readonly color: Color;
  /** Opacity, 1 by default. */
  readonly alpha?: number;
}

/** Options of {@link Visualizer.drawText}. */
export interface TextStyle {
  /** Colour of the chip behind the text; the text itself is black or white, whichever reads better on it. */
  readonly color: Color;
  /** Height of the letters in image pixels; by default it suits the image. */
  readonly fontSize?: number;
}

/**
 * Instances below this area or height get their label beside them, which would hide them otherwise. In units of the
 * letters' height, since that follows the image's size.
 */
const SMALL_OBJECT_AREA = 4;
const SMALL_OBJECT_HEIGHT = 2.5;

/** Space left and right of a label's text, as a share of the letters' height. */
const CHIP_PADDING = 0.35;

/** Dots on keypoints are red, as detectron2 draws them. */
const KEYPOINT_COLOR: Color = [255, 0, 0];

/** The least size of letters that reads well, in picture pixels. */
const LEAST_FONT_SIZE = 11;

/**
 * Draws boxes, masks and labels onto an image. Mirrors detectron2's `Visualizer`.
 *
 * All coordinates are absolute pixels of the image given, whatever the scale. Methods draw at once, on top of what is
 * there, and return the visualizer.
 */
export class Visualizer {
  readonly metadata: VisualizerMetadata;
  readonly colorMode: ColorMode;
  readonly #context: SKRSContext2D;
  readonly #height: number;
  readonly #width: number;
  readonly #scale: number;
  /** Height of letters in image pixels; line widths follow it. */
  readonly #fontSize: number;

  /**
   * @param image RGB bytes, height × width × 3; any strides. It is copied.
   * @throws DrawingShapeError when the image has another shape or no pixels.
   */
  constructor(image: NdArray<Uint8Array>, options: VisualizerOptions = {}) {
    const { metadata = {}, scale = 1, colorMode = "image" } = options;
    const [height, width, channels] = image.shape;
    if (image.dimension !== 3 || channels !== 3 || image.size === 0) {
      throw new DrawingShapeError("an image", image.shape, "height × width × 3");
    }
    this.metadata = metadata;
    this.colorMode = colorMode;
    this.#height = height;
    this.#width = width;
    this.#scale = scale;
    this.#fontSize = Math.max(LEAST_FONT_SIZE / scale, Math.sqrt(height * width) / 44);
    this.#context = canvasOf(image, scale);
  }

  /** Draws predictions: masks, boxes, and labels of class name and score. */
  drawInstancePredictions(predictions: InstancePredictions): this {
    const { predBoxes, scores, predClasses, predMasks, predKeypoints } = predictions;
    const classes = predClasses && toNumbers(predClasses);
    const assignedColors = this.#classColors(classes);
    return this.overlayInstances({
      boxes: predBoxes,
      masks: predMasks,
      keypoints: predKeypoints,
      labels: createTextLabels(classes, scores && toNumbers(scores), this.metadata.thingClasses),
      assignedColors,
      alpha: assignedColors ? 0.8 : 0.5,
    });
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
   * Draws instances, the largest first, so that small ones stay visible; boxes above all masks, labels above all boxes,
   * keypoints above everything.
   *
   * @throws InstanceCountError when the parts are not equally many.
   */
  overlayInstances(overlay: InstanceOverlay): this {
    const boxes = overlay.boxes && toBoxes(overlay.boxes);
    const outlines = overlay.masks && toOutlines(overlay.masks);
    const skeletons = overlay.keypoints && toSkeletons(overlay.keypoints, this.metadata);
    const { labels, assignedColors, alpha } = overlay;
    const count = commonCount({
      boxes,
      masks: outlines,
      labels,
      keypoints: skeletons,
      colors: assignedColors,
    });

    const instances = Array.from({ length: count }, (_, index) => ({
      box: boxes?.[index],
      outline: outlines?.[index],
      label: labels?.[index],
      color: assignedColors?.[index] ?? instanceColor(index),
      area: boxes ? boxArea(boxes[index]) : (outlines?.[index].area ?? 0),
    })).sort((a, b) => b.area - a.area);

    for (const { outline, color } of instances) {
      if (outline) this.#fillContours(outline.contours, { color, alpha });
    }
    for (const { box, color } of instances) {
      if (box) this.drawBox(box, { color });
    }
    const placed: Rectangle[] = [];
    for (const { box, outline, label, color, area } of instances) {
      const anchor = box ? rectangleOf(box) : outline && boundsOf(outline);
      if (!label || !anchor) continue;
      const small =
        area < SMALL_OBJECT_AREA * this.#fontSize ** 2 ||
        anchor.height < SMALL_OBJECT_HEIGHT * this.#fontSize;
      const fontSize = this.#labelSize(anchor);
      const chip = placeLabel(
        this.#chipSize(label, fontSize),
        anchor,
        small,
        this.#extent(),
        placed,
      );
      placed.push(chip);
      this.#drawChip(label, chip, fontSize, color);
    }
    for (const skeleton of skeletons ?? []) this.#drawSkeleton(skeleton);
    return this;
  }

  /** Draws the outline of a box. */
  drawBox(box: Box, { color, alpha = 1 }: BoxStyle): this {
    const context = this.#context;
    const { x, y, width, height } = rectangleOf(box);
    context.strokeStyle = css(color, alpha);
    context.lineWidth = this.#lineWidth();
    context.strokeRect(x, y, width, height);
    return this;
  }

  /** Writes text on a coloured chip whose top-left corner is at (x, y), moved where it would leave the image. */
  drawText(text: string, [x, y]: readonly [number, number], style: TextStyle): this {
    const { color, fontSize = this.#fontSize } = style;
    const { width, height } = this.#chipSize(text, fontSize);
    const chip = {
      x: Math.max(0, Math.min(x, this.#width - width)),
      y: Math.max(0, Math.min(y, this.#height - height)),
      width,
      height,
    };
    this.#drawChip(text, chip, fontSize, color);
    return this;
  }

  /** Tints a mask and draws its contour; holes stay clear. */
  drawBinaryMask(mask: Mask, style: ShapeStyle): this {
    return this.#fillContours(toOutline(mask).contours, style);
  }

  /**
   * Fills a polygon and draws its outline.
   *
   * @param points Flat coordinates (x0, y0, x1, y1, …).
   */
  drawPolygon(points: readonly number[], style: ShapeStyle): this {
    return this.#fillContours([Float64Array.from(points)], style);
  }

  /** The picture so far: a copy of its RGB bytes, (height · scale) × (width · scale) × 3. */
  getImage(): NdArray<Uint8Array> {
    const { width, height } = this.#context.canvas;
    const { data } = this.#context.getImageData(0, 0, width, height);
    const rgb = new Uint8Array(height * width * 3);
    for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
      rgb[to] = data[from];
      rgb[to + 1] = data[from + 1];
      rgb[to + 2] = data[from + 2];
    }
    return ndarray(rgb, [height, width, 3]);
  }

  #fillContours(contours: readonly Contour[], style: ShapeStyle): this {
    const { color, alpha = 0.5, edgeColor = lighten(color, 0.25) } = style;
    const context = this.#context;
    context.beginPath();
    for (const contour of contours) {
      for (let i = 0; i < contour.length; i += 2) {
        if (i === 0) context.moveTo(contour[0], contour[1]);
        else context.lineTo(contour[i], contour[i + 1]);
      }
      context.closePath();
    }
    context.fillStyle = css(color, alpha);
    context.fill("evenodd");
    context.strokeStyle = css(edgeColor);
    context.lineWidth = this.#lineWidth();
    context.lineJoin = "round";
    context.stroke();
    return this;
  }

  /** Lines in the colours of their rules, and a dot on each keypoint. */
  #drawSkeleton({ places, lines }: Skeleton): void {
    const context = this.#context;
    context.lineWidth = 2 * this.#lineWidth();
    for (const { from, to, color } of lines) {
      context.strokeStyle = css(color);
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
      context.stroke();
    }
    context.fillStyle = css(KEYPOINT_COLOR);
    for (const { x, y } of places) {
      context.beginPath();
      context.arc(x, y, 2 * this.#lineWidth(), 0, 2 * Math.PI);
      context.fill();
    }
  }

  /** Shades of the classes' colours where instances are told apart by class. */
  #classColors(classes: readonly number[] | undefined): Color[] | undefined {
    const { thingColors } = this.metadata;
    if (this.colorMode !== "segmentation" || thingColors === undefined) return undefined;
    return classes?.map((id, index) => shade(thingColors[id] ?? instanceColor(id), index));
  }

  #drawChip(text: string, chip: Rectangle, fontSize: number, color: Color): void {
    const context = this.#context;
    context.fillStyle = css(color, 0.9);
    context.beginPath();
    context.roundRect(chip.x, chip.y, chip.width, chip.height, fontSize * 0.22);
    context.fill();
    context.font = labelFont(fontSize);
    context.textBaseline = "alphabetic";
    context.fillStyle = css(textColorOn(color));
    // The baseline that centres letters with ascenders and without descenders.
    const baseline = chip.y + chip.height / 2 + fontSize * 0.36;
    context.fillText(text, chip.x + fontSize * CHIP_PADDING, baseline);
  }

  #chipSize(text: string, fontSize: number): { width: number; height: number } {
    this.#context.font = labelFont(fontSize);
    const textWidth = this.#context.measureText(text).width;
    return { width: textWidth + fontSize * CHIP_PADDING * 2, height: fontSize * 1.4 };
  }

  /** Smaller letters for smaller objects, from 80 % up, never below what reads well. */
  #labelSize(anchor: Rectangle): number {
    const relativeHeight = anchor.height / Math.sqrt(this.#height * this.#width);
    const factor = Math.min(1, Math.max(0.8, 0.7 + relativeHeight));
    return Math.max(LEAST_FONT_SIZE / this.#scale, this.#fontSize * factor);
  }

  #lineWidth(): number {
    return Math.max(1.25 / this.#scale, this.#fontSize / 10);
  }

  #extent(): { width: number; height: number } {
    return { width: this.#width, height: this.#height };
  }
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
