import { encode } from "@detectron-ts/coco";
import { BitMasks, Boxes, Instances } from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";
import { describe, expect, it } from "vitest";

import { DrawingShapeError, InstanceCountError, Visualizer, type Color } from "../src/index.ts";

const GRAY = 90;
const HEIGHT = 120;
const WIDTH = 160;

function grayImage(height = HEIGHT, width = WIDTH): NdArray<Uint8Array> {
  return ndarray(new Uint8Array(height * width * 3).fill(GRAY), [height, width, 3]);
}

/** N masks of filled boxes. */
function boxMasks(...boxes: [x0: number, y0: number, x1: number, y1: number][]) {
  const masks = ndarray(new Uint8Array(boxes.length * HEIGHT * WIDTH), [
    boxes.length,
    HEIGHT,
    WIDTH,
  ]);
  for (const [index, [x0, y0, x1, y1]] of boxes.entries()) {
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) masks.set(index, y, x, 1);
  }
  return masks;
}

const pixel = (image: NdArray<Uint8Array>, x: number, y: number) =>
  [0, 1, 2].map((channel) => image.get(y, x, channel));
const background = [GRAY, GRAY, GRAY];
const red: Color = [255, 0, 0];
const green: Color = [0, 255, 0];
const blended = (color: Color) => color.map((value) => (value + GRAY) / 2);

/** The pixels that are no longer gray, and the box around them. */
function changes(image: NdArray<Uint8Array>) {
  const found = { count: 0, x0: Infinity, y0: Infinity, x1: -1, y1: -1 };
  const [height, width] = image.shape;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (pixel(image, x, y).every((value) => value === GRAY)) continue;
      found.count++;
      found.x0 = Math.min(found.x0, x);
      found.y0 = Math.min(found.y0, y);
      found.x1 = Math.max(found.x1, x);
      found.y1 = Math.max(found.y1, y);
    }
  }
  return found;
}

describe("Visualizer", () => {
  it("leaves the image as it was when there are no instances", () => {
    const data = Uint8Array.from({ length: 30 * 40 * 3 }, (_, i) => (i * 7) % 256);
    const image = ndarray(data, [30, 40, 3]);
    const drawn = new Visualizer(image).drawInstancePredictions({
      predBoxes: [],
      scores: new Float32Array(0),
      predClasses: [],
      predMasks: ndarray(new Uint8Array(0), [0, 30, 40]),
    });
    expect(drawn.getImage().shape).toEqual([30, 40, 3]);
    expect(drawn.getImage().data).toEqual(data);
    expect(new Visualizer(image).drawInstancePredictions({}).getImage().data).toEqual(data);
  });

  it("reads views, such as a BGR image with its channels reversed", () => {
    const bgr = ndarray(Uint8Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3]);
    const image = new Visualizer(bgr.step(1, 1, -1)).getImage();
    expect(image.data).toEqual(Uint8Array.of(3, 2, 1, 6, 5, 4));
  });

  it("does not draw into the image it is given", () => {
    const image = grayImage();
    new Visualizer(image).drawBox([10, 10, 50, 50], { color: red });
    expect(changes(image).count).toBe(0);
  });

  it("enlarges the picture, not the coordinates", () => {
    const image = new Visualizer(grayImage(), { scale: 2 })
      .drawPolygon([40, 40, 80, 40, 80, 60, 40, 60], { color: red })
      .getImage();
    expect(image.shape).toEqual([240, 320, 3]);
    expect(pixel(image, 120, 100)).toBeAllclose(blended(red), { atol: 2 });
    expect(pixel(image, 60, 50)).toEqual(background);
  });

  it("rejects what is no RGB image", () => {
    const single = ndarray(new Uint8Array(4), [2, 2, 1]);
    expect(() => new Visualizer(single)).toThrow(DrawingShapeError);
    expect(() => new Visualizer(ndarray(new Uint8Array(0), [0, 2, 3]))).toThrow("[0, 2, 3]");
  });
});

describe("drawBinaryMask", () => {
  it("tints the mask and nothing else", () => {
    const masks = boxMasks([40, 30, 100, 90]);
    const image = new Visualizer(grayImage())
      .drawBinaryMask(masks.pick(0, null, null), { color: red })
      .getImage();
    expect(pixel(image, 70, 60)).toBeAllclose(blended(red), { atol: 1 });
    expect(pixel(image, 44, 34)).toBeAllclose(blended(red), { atol: 1 });
    expect(changes(image)).toMatchObject({ x0: 39, y0: 29, x1: 100, y1: 90 });
  });

  it("keeps holes clear and outlines them", () => {
    const mask = boxMasks([20, 20, 120, 100]).pick(0, null, null);
    for (let y = 40; y < 80; y++) for (let x = 50; x < 90; x++) mask.set(y, x, 0);
    const image = new Visualizer(grayImage()).drawBinaryMask(mask, { color: green }).getImage();
    expect(pixel(image, 70, 60)).toEqual(background);
    expect(pixel(image, 30, 60)).toBeAllclose(blended(green), { atol: 1 });
    expect(pixel(image, 50, 60)[1]).toBeGreaterThan(GRAY + 60);
  });

  it("draws run-length encodings and polygons like the pixels they stand for", () => {
    const mask = boxMasks([40, 30, 100, 90]).pick(0, null, null);
    const rle = encode(mask.data.slice(0, HEIGHT * WIDTH), [HEIGHT, WIDTH]);
    const fromPixels = new Visualizer(grayImage()).drawBinaryMask(mask, { color: red }).getImage();
    const fromRle = new Visualizer(grayImage()).drawBinaryMask(rle, { color: red }).getImage();
    expect(fromRle.data).toEqual(fromPixels.data);
    const polygon = [40, 30, 100, 30, 100, 90, 40, 90];
    const fromPolygon = new Visualizer(grayImage()).drawBinaryMask([polygon], { color: red });
    expect(pixel(fromPolygon.getImage(), 70, 60)).toEqual(pixel(fromPixels, 70, 60));
  });

  it("draws nothing for an empty mask", () => {
    const empty = boxMasks([0, 0, 0, 0]).pick(0, null, null);
    const image = new Visualizer(grayImage()).drawBinaryMask(empty, { color: red }).getImage();
    expect(changes(image).count).toBe(0);
  });
});

describe("drawBox", () => {
  it("draws the edges and leaves the inside", () => {
    const image = new Visualizer(grayImage())
      .drawBox([30, 20, 90, 70], { color: green })
      .getImage();
    expect(pixel(image, 60, 20)[1]).toBeGreaterThan(150);
    expect(pixel(image, 30, 45)[1]).toBeGreaterThan(150);
    expect(pixel(image, 60, 45)).toEqual(background);
    expect(pixel(image, 20, 10)).toEqual(background);
  });

  it("rejects boxes that are not four numbers", () => {
    const visualizer = new Visualizer(grayImage());
    expect(() => visualizer.overlayInstances({ boxes: [[1, 2, 3]] })).toThrow(DrawingShapeError);
  });
});

describe("drawText", () => {
  it("writes letters onto a chip, inside the image even from beyond its corner", () => {
    const image = new Visualizer(grayImage())
      .drawText("fig 95%", [155, 115], { color: [255, 255, 0], fontSize: 20 })
      .getImage();
    const { x1, y1, count } = changes(image);
    expect(x1).toBeLessThan(WIDTH);
    expect(y1).toBeLessThan(HEIGHT);
    expect(count).toBeGreaterThan(300);
    let dark = 0;
    for (let i = 0; i < image.size; i += 3) if (image.data[i] < 40) dark++;
    expect(dark).toBeGreaterThan(20);
  });

  it("writes different pixels for different texts", () => {
    const write = (text: string) =>
      new Visualizer(grayImage()).drawText(text, [5, 5], { color: red }).getImage().data;
    expect(write("fig")).not.toEqual(write("gif"));
    expect(write("fig")).toEqual(write("fig"));
  });
});

describe("overlayInstances", () => {
  it("draws the largest first, whatever the order given", () => {
    const large: [number, number, number, number] = [10, 10, 150, 110];
    const small: [number, number, number, number] = [60, 40, 100, 80];
    const draw = (masks: NdArray<Uint8Array>, assignedColors: Color[]) =>
      new Visualizer(grayImage()).overlayInstances({ masks, assignedColors }).getImage();
    const smallFirst = draw(boxMasks(small, large), [green, red]);
    expect(smallFirst.data).toEqual(draw(boxMasks(large, small), [red, green]).data);
    const [, overlapGreen] = pixel(smallFirst, 80, 60);
    expect(overlapGreen).toBeGreaterThan(140);
  });

  it("gives every instance a colour of its own", () => {
    const image = new Visualizer(grayImage())
      .overlayInstances({ masks: boxMasks([10, 10, 60, 110], [80, 10, 130, 110]) })
      .getImage();
    expect(pixel(image, 35, 60)).not.toBeAllclose(pixel(image, 105, 60), { atol: 30 });
  });

  it("labels instances that only have masks, and skips empty ones", () => {
    const masks = boxMasks([60, 50, 120, 100], [0, 0, 0, 0]);
    const plain = new Visualizer(grayImage()).overlayInstances({ masks }).getImage();
    const labelled = new Visualizer(grayImage())
      .overlayInstances({ masks, labels: ["one", "none"] })
      .getImage();
    expect(changes(labelled).y0).toBeLessThan(changes(plain).y0);
  });

  it("rejects parts of different lengths", () => {
    const visualizer = new Visualizer(grayImage());
    const overlay = { boxes: [[1, 1, 5, 5]], labels: ["a", "b"] };
    expect(() => visualizer.overlayInstances(overlay)).toThrow(InstanceCountError);
    expect(() => visualizer.overlayInstances(overlay)).toThrow("Got 1 boxes, 2 labels");
  });
});

describe("drawInstancePredictions", () => {
  const box: [number, number, number, number] = [40, 40, 110, 100];

  it("draws Instances of the structures package", () => {
    const instances = new Instances([HEIGHT, WIDTH])
      .set("predBoxes", new Boxes([box]))
      .set("scores", Float32Array.of(0.95))
      .set("predClasses", BigInt64Array.of(1n))
      .set("predMasks", new BitMasks(boxMasks(box)));
    const metadata = { thingClasses: ["date", "fig"] };
    const image = new Visualizer(grayImage(), { metadata })
      .drawInstancePredictions(instances)
      .getImage();
    const byHand = new Visualizer(grayImage())
      .overlayInstances({ boxes: [box], masks: boxMasks(box), labels: ["fig 95%"] })
      .getImage();
    expect(image.data).toEqual(byHand.data);
  });

  it("takes scores and classes as arrays of one axis too", () => {
    const predictions = {
      predBoxes: [box],
      scores: ndarray(Float32Array.of(0.95)),
      predClasses: ndarray(Int32Array.of(1)),
    };
    const image = new Visualizer(grayImage()).drawInstancePredictions(predictions).getImage();
    const byHand = new Visualizer(grayImage())
      .overlayInstances({ boxes: [box], labels: ["1 95%"] })
      .getImage();
    expect(image.data).toEqual(byHand.data);
  });

  it("uses the classes' colours in mode segmentation", () => {
    const metadata = { thingColors: [[200, 40, 40] as const, [40, 40, 200] as const] };
    const image = new Visualizer(grayImage(), { metadata, colorMode: "segmentation" })
      .drawInstancePredictions({ predMasks: boxMasks(box), predClasses: [1] })
      .getImage();
    const [r, , b] = pixel(image, 75, 70);
    expect(b).toBeGreaterThan(r + 60);
  });
});
