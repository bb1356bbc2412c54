import { describe, expect, it } from "vitest";

import { DrawingShapeError, InstanceCountError, Visualizer, type Color } from "../src/index.ts";
import { GRAY, grayImage, pixel } from "./pictures.ts";

const green: Color = [0, 255, 0];
const gray = [GRAY, GRAY, GRAY];

describe("rotated boxes", () => {
  it("turn counter-clockwise", () => {
    // A 40 × 10 bar, by 45° up to the right.
    const image = new Visualizer(grayImage(100, 100))
      .drawRotatedBox([50, 50, 40, 10, 45], { color: green })
      .getImage();
    const end = 20 / Math.SQRT2;
    expect(pixel(image, Math.round(50 + end), Math.round(50 - end))[1]).toBeGreaterThan(150);
    expect(pixel(image, Math.round(50 + end), Math.round(50 + end))).toEqual(gray);
    expect(pixel(image, 50, 50)).toEqual(gray);
  });

  it("without an angle are as upright ones, but for the broken top side", () => {
    const rotated = new Visualizer(grayImage(100, 100))
      .drawRotatedBox([50, 40, 60, 30, 0], { color: green })
      .getImage();
    const onSide = (xs: number[], y: number) => xs.map((x) => pixel(rotated, x, y)[1] > 150);
    const xs = Array.from({ length: 50 }, (_, i) => 25 + i);
    expect(onSide(xs, 55)).not.toContain(false);
    expect(new Set(onSide(xs, 25))).toEqual(new Set([true, false]));
  });

  it("are told by their five numbers among predictions", () => {
    const predictions = { predBoxes: [[50, 50, 40, 10, 45]], scores: [0.5], predClasses: [0] };
    const image = new Visualizer(grayImage(100, 100)).drawInstancePredictions(predictions);
    expect(image.getImage().data).not.toEqual(grayImage(100, 100).data);
    expect(pixel(image.getImage(), 20, 50)).toEqual(gray);
  });

  it("may be none", () => {
    const image = new Visualizer(grayImage(10, 10)).overlayRotatedInstances({ boxes: [] });
    expect(image.getImage().data).toEqual(grayImage(10, 10).data);
  });

  it("have five numbers, and a label each", () => {
    const visualizer = new Visualizer(grayImage(10, 10));
    expect(() => visualizer.overlayRotatedInstances({ boxes: [[1, 2, 3, 4]] })).toThrow(
      DrawingShapeError,
    );
    const labels = ["a", "b"];
    expect(() => visualizer.overlayRotatedInstances({ boxes: [[5, 5, 3, 4, 0]], labels })).toThrow(
      InstanceCountError,
    );
  });
});
