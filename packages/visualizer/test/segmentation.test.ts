import { describe, expect, it } from "vitest";

import { DrawingShapeError, Visualizer, type Color } from "../src/index.ts";
import { GRAY, grayImage, labelMap, pixel, plainImage } from "./pictures.ts";

const SKY: Color = [0, 0, 200];
const GRASS: Color = [0, 200, 0];
const CAT: Color = [200, 0, 0];
const metadata = {
  thingClasses: ["cat"],
  thingColors: [CAT],
  stuffClasses: ["sky", "grass"],
  stuffColors: [SKY, GRASS],
};

const mixed = (color: Color, alpha: number) =>
  color.map((value) => value * alpha + GRAY * (1 - alpha));

describe("drawSemSeg", () => {
  const map = labelMap(100, 200, 0, { label: 1, box: [0, 50, 200, 100] });

  it("tints each class in its colour", () => {
    const image = new Visualizer(grayImage(100, 200), { metadata })
      .drawSemSeg(map, { drawText: false })
      .getImage();
    expect(pixel(image, 20, 20)).toBeAllclose(mixed(SKY, 0.8), { atol: 1 });
    expect(pixel(image, 20, 80)).toBeAllclose(mixed(GRASS, 0.8), { atol: 1 });
  });

  it("writes the names in the middle of their regions", () => {
    const visualizer = () => new Visualizer(grayImage(100, 200), { metadata });
    const named = visualizer().drawSemSeg(map).getImage();
    const unnamed = visualizer().drawSemSeg(map, { drawText: false }).getImage();
    const changed = (x: number, y: number) =>
      pixel(named, x, y).join() !== pixel(unnamed, x, y).join();
    const around = [-8, -4, 0, 4, 8];
    expect(around.some((dx) => changed(100 + dx, 25))).toBe(true);
    expect(around.some((dx) => changed(100 + dx, 75))).toBe(true);
    expect(changed(20, 25)).toBe(false);
  });

  it("leaves pixels without a class as they are", () => {
    const unlabelled = labelMap(100, 200, 255, { label: 0, box: [0, 0, 40, 40] });
    for (const known of [metadata, {}]) {
      const image = new Visualizer(grayImage(100, 200), { metadata: known })
        .drawSemSeg(unlabelled)
        .getImage();
      expect(pixel(image, 100, 80)).toEqual([GRAY, GRAY, GRAY]);
      expect(pixel(image, 5, 5)).not.toEqual([GRAY, GRAY, GRAY]);
    }
  });

  it("leaves out regions below a threshold", () => {
    const small = labelMap(100, 200, 0, { label: 1, box: [10, 10, 14, 14] });
    const options = { drawText: false, areaThreshold: 17 };
    const image = new Visualizer(grayImage(100, 200), { metadata })
      .drawSemSeg(small, options)
      .getImage();
    expect(pixel(image, 12, 12)).toEqual([GRAY, GRAY, GRAY]);
  });

  it("rejects a map of another size", () => {
    const visualizer = new Visualizer(grayImage(100, 200));
    expect(() => visualizer.drawSemSeg(labelMap(50, 200, 0))).toThrow(DrawingShapeError);
    expect(() => visualizer.drawSemSeg(labelMap(50, 200, 0))).toThrow("100 × 200");
  });
});

describe("drawPanopticSeg", () => {
  const prediction = {
    panopticSeg: labelMap(
      100,
      200,
      0,
      { label: 1, box: [0, 0, 200, 40] },
      { label: 2, box: [20, 20, 60, 90] },
      { label: 3, box: [120, 20, 160, 90] },
    ),
    segmentsInfo: [
      { id: 1, isThing: false, categoryId: 0 },
      { id: 2, isThing: true, categoryId: 0, score: 0.9 },
      { id: 3, isThing: true, categoryId: 0, score: 0.8 },
    ],
  };

  it("tints the background by class, and instances of a class in different shades of its colour", () => {
    const image = new Visualizer(grayImage(100, 200), { metadata })
      .drawPanopticSeg(prediction, { drawText: false })
      .getImage();
    expect(pixel(image, 90, 10)).toBeAllclose(mixed(SKY, 0.7), { atol: 1 });
    const [first, second] = [pixel(image, 40, 60), pixel(image, 140, 60)];
    expect(first).not.toEqual(second);
    for (const [red, green, blue] of [first, second]) {
      expect(red).toBeGreaterThan(2 * Math.max(green, blue));
    }
    expect(pixel(image, 90, 70)).toEqual([GRAY, GRAY, GRAY]);
  });

  it("takes the colours out of pixels without a segment in mode image_bw", () => {
    const orange = plainImage(100, 200, [250, 120, 20]);
    const image = new Visualizer(orange, { metadata, colorMode: "image_bw" })
      .drawPanopticSeg(prediction, { drawText: false, alpha: 0 })
      .getImage();
    expect(pixel(image, 90, 70)).toEqual([130, 130, 130]);
    expect(pixel(image, 90, 10)).toEqual([250, 120, 20]);
    expect(pixel(image, 40, 70)).toEqual([250, 120, 20]);
  });

  it("draws nothing without segments", () => {
    const gray = grayImage(100, 200);
    const image = new Visualizer(gray, { metadata })
      .drawPanopticSeg({ panopticSeg: labelMap(100, 200, 0), segmentsInfo: [] })
      .getImage();
    expect(image.data).toEqual(gray.data);
  });
});

describe("drawInstancePredictions in mode image_bw", () => {
  it("leaves the colours to the instances only", () => {
    const orange = plainImage(100, 200, [250, 120, 20]);
    const masks = labelMap(100, 200, 0, { label: 1, box: [20, 20, 80, 80] });
    const image = new Visualizer(orange, { colorMode: "image_bw" })
      .drawInstancePredictions({ predMasks: [toMask(masks)], assignedColors: [[250, 120, 20]] })
      .getImage();
    expect(pixel(image, 150, 50)).toEqual([130, 130, 130]);
    expect(pixel(image, 50, 50)).toBeAllclose([250, 120, 20], { atol: 1 });
  });

  it("leaves no colour where there are no instances", () => {
    const orange = plainImage(20, 30, [250, 120, 20]);
    const image = new Visualizer(orange, { colorMode: "image_bw" })
      .drawInstancePredictions({ predBoxes: [] })
      .getImage();
    expect(new Set(image.data)).toEqual(new Set([130]));
  });
});

function toMask(map: ReturnType<typeof labelMap>) {
  const [height, width] = map.shape;
  const mask = grayImage(height, width).pick(null, null, 0);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) mask.set(y, x, map.get(y, x));
  return mask;
}
