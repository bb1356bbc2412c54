import { createCanvas, type SKRSContext2D } from "@napi-rs/canvas";
import ndarray, { type NdArray } from "ndarray";

import { canvasOf } from "./canvas.ts";
import { css, lighten, textColorOn, type Color } from "./colors.ts";
import type { Contour } from "./contours.ts";
import { labelFont } from "./fonts.ts";
import type { Skeleton } from "./keypoints.ts";
import type { Extent, Rectangle } from "./label-layout.ts";

/** Options of a filled shape. */
export interface ShapeStyle {
  readonly color: Color;
  /** Colour of the outline, a lighter `color` by default. */
  readonly edgeColor?: Color;
  /** Opacity of the filling, 0.5 by default. */
  readonly alpha?: number;
}

/** Options of a line. */
export interface LineStyle {
  readonly color: Color;
  /** Opacity, 1 by default. */
  readonly alpha?: number;
  /** Whether the line is broken; it isn't by default. */
  readonly dashed?: boolean;
}

/** A point of the image, in pixels. */
export type Point = readonly [x: number, y: number];

/** Space left and right of a label's text, as a share of the letters' height. */
const CHIP_PADDING = 0.35;

/** Dots on keypoints are red, as detectron2 draws them. */
const KEYPOINT_COLOR: Color = [255, 0, 0];

/** The least size of letters that reads well, in picture pixels. */
const LEAST_FONT_SIZE = 11;

/** A picture in progress and the strokes that it is made of. Sizes of letters and lines follow the image's size. */
export class Drawing {
  readonly height: number;
  readonly width: number;
  /** Height of letters in image pixels. */
  readonly fontSize: number;
  readonly #context: SKRSContext2D;
  readonly #scale: number;

  /** @param image - RGB bytes, height × width × 3, at least one pixel; copied. */
  constructor(image: NdArray<Uint8Array>, scale: number) {
    [this.height, this.width] = image.shape;
    this.fontSize = Math.max(LEAST_FONT_SIZE / scale, Math.sqrt(this.height * this.width) / 44);
    this.#scale = scale;
    this.#context = canvasOf(image, scale);
  }

  /**
   * Takes the colours out of the picture but for what `kept` encloses. Grey is the mean of the channels, as in detectron2's
   * `IMAGE_BW`.
   *
   * @param kept - the contours of each shape that keeps its colours.
   */
  takeColorsOut(kept: readonly (readonly Contour[])[]): void {
    const context = this.#context;
    const { canvas } = context;
    const colored = createCanvas(canvas.width, canvas.height);
    colored.getContext("2d").drawImage(canvas, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < pixels.data.length; i += 4) {
      pixels.data.fill((pixels.data[i] + pixels.data[i + 1] + pixels.data[i + 2]) / 3, i, i + 3);
    }
    context.putImageData(pixels, 0, 0);
    for (const contours of kept) {
      context.save();
      this.#trace(contours);
      context.clip("evenodd");
      context.drawImage(colored, 0, 0, this.width, this.height);
      context.restore();
    }
  }

  fillContours(contours: readonly Contour[], style: ShapeStyle): void {
    const { color, alpha = 0.5, edgeColor = lighten(color, 0.25) } = style;
    const context = this.#context;
    this.#trace(contours);
    context.fillStyle = css(color, alpha);
    context.fill("evenodd");
    context.strokeStyle = css(edgeColor);
    context.lineWidth = this.#lineWidth();
    context.lineJoin = "round";
    context.stroke();
  }

  strokeRectangle({ x, y, width, height }: Rectangle, { color, alpha = 1 }: LineStyle): void {
    const context = this.#context;
    context.strokeStyle = css(color, alpha);
    context.lineWidth = this.#lineWidth();
    context.strokeRect(x, y, width, height);
  }

  /** A line; `weight` times as wide as that of a box. */
  line([fromX, fromY]: Point, [toX, toY]: Point, style: LineStyle, weight = 1): void {
    const { color, alpha = 1, dashed = false } = style;
    const context = this.#context;
    const width = weight * this.#lineWidth();
    context.strokeStyle = css(color, alpha);
    context.lineWidth = width;
    context.setLineDash(dashed ? [3 * width, 2 * width] : []);
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(toX, toY);
    context.stroke();
    context.setLineDash([]);
  }

  dot([x, y]: Point, color: Color): void {
    const context = this.#context;
    context.fillStyle = css(color);
    context.beginPath();
    context.arc(x, y, 2 * this.#lineWidth(), 0, 2 * Math.PI);
    context.fill();
  }

  /** Lines in the colours of their rules, and a dot on each keypoint. */
  skeleton({ places, lines }: Skeleton): void {
    for (const { from, to, color } of lines) {
      this.line([from.x, from.y], [to.x, to.y], { color }, 2);
    }
    for (const { x, y } of places) this.dot([x, y], KEYPOINT_COLOR);
  }

  /** Text on a coloured chip; black or white, whichever reads better on it. */
  chip(text: string, chip: Rectangle, fontSize: number, color: Color): void {
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

  chipSize(text: string, fontSize: number): Extent {
    this.#context.font = labelFont(fontSize);
    const textWidth = this.#context.measureText(text).width;
    return { width: textWidth + fontSize * CHIP_PADDING * 2, height: fontSize * 1.4 };
  }

  /** The chip of a text at (x, y), its top-left corner, moved where it would leave the image. */
  chipAt(text: string, [x, y]: Point, fontSize: number): Rectangle {
    const { width, height } = this.chipSize(text, fontSize);
    return {
      x: Math.max(0, Math.min(x, this.width - width)),
      y: Math.max(0, Math.min(y, this.height - height)),
      width,
      height,
    };
  }

  /** Smaller letters for smaller objects, from 80 % up, never below what reads well. */
  labelSize(anchor: Rectangle): number {
    const relativeHeight = anchor.height / Math.sqrt(this.height * this.width);
    const factor = Math.min(1, Math.max(0.8, 0.7 + relativeHeight));
    return Math.max(LEAST_FONT_SIZE / this.#scale, this.fontSize * factor);
  }

  /** A copy of the picture's RGB bytes. */
  toImage(): NdArray<Uint8Array> {
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

  #trace(contours: readonly Contour[]): void {
    const context = this.#context;
    context.beginPath();
    for (const contour of contours) {
      for (let i = 0; i < contour.length; i += 2) {
        if (i === 0) context.moveTo(contour[0], contour[1]);
        else context.lineTo(contour[i], contour[i + 1]);
      }
      context.closePath();
    }
  }

  #lineWidth(): number {
    return Math.max(1.25 / this.#scale, this.fontSize / 10);
  }
}
