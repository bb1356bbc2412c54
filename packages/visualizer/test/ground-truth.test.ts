import { encode } from "@detectron-ts/coco";
import { BoxMode, Keypoints, PolygonMasks } from "@detectron-ts/structures";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import { DrawingShapeError, InstanceCountError, Visualizer, type Color } from "../src/index.ts";

const GRAY = 90;
const grayImage = () => ndarray(new Uint8Array(120 * 160 * 3).fill(GRAY), [120, 160, 3]);
const pixel = (visualizer: Visualizer, x: number, y: number) => {
  const image = visualizer.getImage();
  return [0, 1, 2].map((channel) => image.get(y, x, channel));
};
const background = [GRAY, GRAY, GRAY];
const square = [40, 30, 100, 30, 100, 90, 40, 90];
const box = { bbox: [40, 30, 60, 60], bboxMode: BoxMode.XYWH_ABS, categoryId: 1 };

describe("drawDatasetDict", () => {
  const metadata = { thingClasses: ["date", "fig"] };

  it("draws boxes of any mode, polygons and class names, as the overlay of the same parts", () => {
    const drawn = new Visualizer(grayImage(), { metadata }).drawDatasetDict({
      annotations: [{ ...box, segmentation: [square] }],
    });
    const byHand = new Visualizer(grayImage()).overlayInstances({
      boxes: [[40, 30, 100, 90]],
      masks: [[square]],
      labels: ["fig"],
    });
    expect(drawn.getImage().data).toEqual(byHand.getImage().data);
    expect(drawn.getImage().data).not.toEqual(grayImage().data);
  });

  it("draws run-length encodings, and boxes alone of annotations without a mask", () => {
    const mask = new Uint8Array(120 * 160);
    for (let y = 30; y < 90; y++) mask.fill(1, y * 160 + 40, y * 160 + 100);
    const other = { bbox: [110, 30, 150, 90], bboxMode: BoxMode.XYXY_ABS, categoryId: 0 };
    const drawn = new Visualizer(grayImage(), { metadata }).drawDatasetDict({
      annotations: [{ ...box, segmentation: encode(mask, [120, 160]) }, other],
    });
    expect(pixel(drawn, 70, 70)).not.toEqual(background);
    expect(pixel(drawn, 130, 70)).toEqual(background);
    expect(pixel(drawn, 110, 70)).not.toEqual(background);
  });

  it("marks crowds in their label", () => {
    const draw = (iscrowd: 0 | 1) =>
      new Visualizer(grayImage(), { metadata })
        .drawDatasetDict({ annotations: [{ ...box, iscrowd }] })
        .getImage().data;
    const byHand = new Visualizer(grayImage()).overlayInstances({
      boxes: [[40, 30, 100, 90]],
      labels: ["fig|crowd"],
    });
    expect(draw(1)).toEqual(byHand.getImage().data);
    expect(draw(0)).not.toEqual(draw(1));
  });

  it("leaves an image without annotations as it was", () => {
    for (const dict of [{}, { annotations: [] }]) {
      const drawn = new Visualizer(grayImage()).drawDatasetDict(dict);
      expect(drawn.getImage().data).toEqual(grayImage().data);
    }
  });

  it("uses the classes' colours in mode segmentation", () => {
    const thingColors: Color[] = [
      [0, 0, 0],
      [40, 40, 220],
    ];
    const options = { metadata: { thingColors }, colorMode: "segmentation" } as const;
    const drawn = new Visualizer(grayImage(), options).drawDatasetDict({
      annotations: [{ ...box, segmentation: [square] }],
    });
    const [red, , blue] = pixel(drawn, 70, 70);
    expect(blue).toBeGreaterThan(red + 40);
  });
});

describe("keypoints of overlayInstances", () => {
  const metadata = {
    keypointNames: ["nose", "left_shoulder", "right_shoulder", "left_hip", "right_hip"],
    keypointConnectionRules: [["left_shoulder", "right_shoulder", [0, 255, 0]]] as const,
  };
  // Nose, shoulders; the left hip is not labelled.
  const person = [80, 20, 2, 60, 50, 2, 100, 50, 2, 65, 100, 0, 95, 100, 1];

  it("dots those that are labelled, and no other", () => {
    const drawn = new Visualizer(grayImage()).overlayInstances({ keypoints: [person] });
    expect(pixel(drawn, 80, 20)).toEqual([255, 0, 0]);
    expect(pixel(drawn, 95, 100)).toEqual([255, 0, 0]);
    expect(pixel(drawn, 65, 100)).toEqual(background);
    expect(pixel(drawn, 80, 50)).toEqual(background);
  });

  it("connects them by the rules, and the shoulders with the nose", () => {
    const drawn = new Visualizer(grayImage(), { metadata }).overlayInstances({
      keypoints: [person],
    });
    expect(pixel(drawn, 70, 50)).toEqual([0, 255, 0]);
    expect(pixel(drawn, 80, 35)).toEqual([255, 0, 0]);
    // A hip alone has no middle.
    expect(pixel(drawn, 80, 75)).toEqual(background);
  });

  it("joins the middle of the shoulders with that of the hips when all are there", () => {
    const whole = person.with(11, 2);
    const drawn = new Visualizer(grayImage(), { metadata }).overlayInstances({
      keypoints: [whole],
    });
    expect(pixel(drawn, 80, 75)).toEqual([255, 0, 0]);
  });

  it("takes Keypoints, their array and predictions alike", () => {
    const tensor = ndarray(Float32Array.from(person), [1, 5, 3]);
    const draw = (visualizer: Visualizer) => visualizer.getImage().data;
    const wanted = draw(new Visualizer(grayImage()).overlayInstances({ keypoints: [person] }));
    for (const keypoints of [new Keypoints(tensor), tensor]) {
      expect(draw(new Visualizer(grayImage()).overlayInstances({ keypoints }))).toEqual(wanted);
    }
    const predictions = { predKeypoints: new Keypoints(tensor) };
    expect(draw(new Visualizer(grayImage()).drawInstancePredictions(predictions))).toEqual(wanted);
  });

  it("rejects what are no triples, and another number of instances", () => {
    const visualizer = new Visualizer(grayImage());
    expect(() => visualizer.overlayInstances({ keypoints: [[1, 2]] })).toThrow(DrawingShapeError);
    const flat = ndarray(new Float32Array(4), [2, 2]);
    expect(() => visualizer.overlayInstances({ keypoints: flat })).toThrow("[2, 2]");
    const overlay = { keypoints: [person], boxes: [] };
    expect(() => visualizer.overlayInstances(overlay)).toThrow(InstanceCountError);
  });
});

describe("masks of overlayInstances", () => {
  it("may be PolygonMasks", () => {
    const drawn = new Visualizer(grayImage()).overlayInstances({
      masks: new PolygonMasks([[square]]),
    });
    const byHand = new Visualizer(grayImage()).overlayInstances({ masks: [[square]] });
    expect(drawn.getImage().data).toEqual(byHand.getImage().data);
    expect(pixel(drawn, 70, 70)).not.toEqual(background);
  });
});
