import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  BoxKindError,
  Boxes,
  Instances,
  matchedBoxlistIou,
  pairwiseIntersection,
  pairwiseIoa,
  pairwiseIou,
  pairwiseIouRotated,
  pairwisePointBoxDistance,
  RotatedBoxes,
  StructureShapeError,
} from "../src/index.ts";

const golden = loadGolden(new URL("./golden/iou", import.meta.url));
const recorded = (name: string) => new RotatedBoxes(golden.float32(name).data.slice());

describe("overlaps of rotated boxes", () => {
  it("equal detectron2's to the last bit", () => {
    const overlaps = pairwiseIouRotated(recorded("rotated1"), recorded("rotated2"));
    expect(overlaps.shape).toEqual([30, 25]);
    expect(overlaps.data).toEqual(golden.float32("pairwise_iou_rotated").data);
  });

  it("are what pairwiseIou gives for them, too", () => {
    const [first, second] = [recorded("rotated1"), recorded("rotated2")];
    expect(pairwiseIou(first, second)).toEqual(pairwiseIouRotated(first, second));
  });

  it.each([
    {
      name: "half of a square turned by 45 degrees",
      a: [1, 1, Math.SQRT2, Math.SQRT2, 45],
      b: [1, 1, 2, 2, 0],
      iou: 0.5,
    },
    { name: "a cross of two bars", a: [5, 5, 10, 6, 55], b: [5, 5, 10, 6, -35], iou: 36 / 84 },
    {
      name: "a bar in a longer one",
      a: [565, 565, 10, 10, 0],
      b: [565, 565, 10, 8.3, 0],
      iou: 0.83,
    },
    {
      name: "large boxes that nearly agree",
      a: [299.5, 417.37, 600, 364.259186, 0],
      b: [299.5, 417.37, 600, 364.259155, 0],
      iou: 364.259155 / 364.259186,
    },
    { name: "a box turned by half a circle", a: [5, 3, 4, 2, -90], b: [5, 3, 4, 2, 90], iou: 1 },
    {
      name: "boxes at coordinates where bits are few",
      a: [160, 153, 230, 23, -37],
      b: [-1.117e18, 160, 230, 153, 4],
      iou: 0,
    },
    { name: "boxes that touch", a: [0, 0, 2, 2, 0], b: [2, 0, 2, 2, 0], iou: 0 },
    { name: "a box without area", a: [0, 0, 2, 0, 0], b: [0, 0, 2, 2, 0], iou: 0 },
  ])("of $name are known", ({ a, b, iou }) => {
    // prettier-ignore
    const [first, second] = [new RotatedBoxes([a]), new RotatedBoxes([b])];
    expect(pairwiseIouRotated(first, second).data[0]).toBeCloseTo(iou, 5);
    expect(pairwiseIouRotated(second, first).data[0]).toBeCloseTo(iou, 5);
  });

  it("are those of upright boxes at 0 degrees", () => {
    const upright = [golden.float32("boxes1").data, golden.float32("boxes2").data];
    const [rotated1, rotated2] = upright.map((data) => {
      const boxes = new Boxes(data);
      const centers = boxes.getCenters().data;
      const rows = Array.from(boxes, ([x0, y0, x1, y1], i) => {
        return [centers[2 * i], centers[2 * i + 1], x1 - x0, y1 - y0, 0];
      });
      return new RotatedBoxes(rows);
    });
    const expected = golden.float32("pairwise_iou");
    expect(pairwiseIou(rotated1, rotated2)).toBeAllclose(expected, { atol: 1e-5 });
  });

  it("have a row or column for nothing when a side has no boxes", () => {
    const some = recorded("rotated1");
    expect(pairwiseIou(new RotatedBoxes([]), some).shape).toEqual([0, 30]);
    expect(pairwiseIou(some, new RotatedBoxes([])).shape).toEqual([30, 0]);
  });

  it("are refused between rotated and upright boxes, and of kinds that only upright ones have", () => {
    const rotated = recorded("rotated1");
    const upright = new Boxes(golden.float32("boxes1").data);
    for (const compare of [
      () => pairwiseIou(rotated, upright),
      () => pairwiseIou(upright, rotated),
      () => pairwiseIoa(rotated, rotated),
      () => pairwiseIntersection(rotated, rotated),
      () => matchedBoxlistIou(rotated, rotated),
      () => pairwisePointBoxDistance(ndarray(new Float32Array(2), [1, 2]), rotated),
      () => Boxes.cat([upright, rotated]),
      () => rotated.concat([upright]),
    ]) {
      expect(compare).toThrow(BoxKindError);
    }
  });
});

describe("RotatedBoxes", () => {
  it("clip those that are nearly upright, as detectron2 does", () => {
    const boxes = recorded("rotated_clip.in");
    boxes.clip([50, 60]);
    expect(boxes.data).toEqual(golden.float32("rotated_clip.out").data);
  });

  it("clip further turned boxes with a larger threshold", () => {
    const boxes = new RotatedBoxes([
      [10, 10, 30, 8, 362],
      [10, 10, 30, 8, 40],
    ]);
    boxes.clip([50, 60], 5);
    expect(boxes.data).toEqual(Float32Array.of(12.5, 10, 25, 8, 2, 10, 10, 30, 8, 40));
  });

  it("scale to the rectangle that fits the parallelogram, as detectron2 does", () => {
    const boxes = recorded("rotated1");
    boxes.scale(1.7, 0.6);
    expect(boxes.tensor).toBeAllclose(golden.float32("rotated_scale.out"), {
      rtol: 1e-6,
      atol: 2e-5,
    });
  });

  it("bring angles into half a circle either way, as detectron2 does", () => {
    const boxes = recorded("rotated_normalize.in");
    boxes.normalizeAngles();
    expect(boxes.data).toEqual(golden.float32("rotated_normalize.out").data);
    const borders = new RotatedBoxes([-540, -180, 180, 539, 0].map((angle) => [0, 0, 1, 1, angle]));
    borders.normalizeAngles();
    expect(Array.from(borders, ([, , , , angle]) => angle)).toEqual([-180, -180, -180, 179, 0]);
  });

  it("know area and centre, and which are large enough", () => {
    const boxes = new RotatedBoxes([
      [1, 2, 4, 8, 30],
      [3, 4, -1, 2, 0],
    ]);
    expect([...boxes.area()]).toEqual([32, -2]);
    expect(boxes.getCenters()).toEqual(ndarray(Float32Array.of(1, 2, 3, 4), [2, 2]));
    expect([...boxes.nonempty()]).toEqual([1, 0]);
    expect([...boxes.nonempty(4)]).toEqual([0, 0]);
  });

  it("lie inside the image if the upright rectangle around them does", () => {
    const boxes = new RotatedBoxes([
      [5, 5, 8, 2, 0],
      [5, 5, 2, 8, 90],
      [5, 2, 8, 2, 90],
      [5, 5, 10, 10, 45],
      [5, 5, 10, 10, 0],
    ]);
    expect([...boxes.insideBox([10, 10])]).toEqual([1, 1, 0, 0, 0]);
    expect([...boxes.insideBox([10, 10], 3)]).toEqual([1, 1, 1, 1, 1]);
  });

  it("are boxes of five numbers, that rows are chosen of, joined and printed", () => {
    const boxes = recorded("rotated1");
    expect(boxes).toBeInstanceOf(Boxes);
    expect(boxes.boxDim).toBe(5);
    expect(boxes.tensor.shape).toEqual([30, 5]);
    const chosen = boxes.select([3, -1]);
    expect(chosen).toBeInstanceOf(RotatedBoxes);
    expect([...chosen]).toEqual([boxes.data.slice(15, 20), boxes.data.slice(-5)]);
    expect(RotatedBoxes.cat([chosen, new RotatedBoxes([]), boxes])).toHaveLength(32);
    expect(Boxes.cat([chosen, boxes])).toBeInstanceOf(RotatedBoxes);
    const copy = chosen.clone();
    copy.scale(0, 0);
    expect(chosen.data[0]).toBe(boxes.data[15]);
    expect(String(new RotatedBoxes([[1, 2, 3, 4, 5]]))).toBe("RotatedBoxes([[1, 2, 3, 4, 5]])");
  });

  it("are a field of instances", () => {
    const gtBoxes = recorded("rotated1");
    const instances = new Instances([50, 60], { gtBoxes });
    expect(Instances.cat([instances, instances.select([0])]).gtBoxes).toHaveLength(31);
  });

  it("come in zero, and refuse rows of other than five numbers", () => {
    for (const none of [new RotatedBoxes([]), RotatedBoxes.cat([])]) {
      expect(none.tensor.shape).toEqual([0, 5]);
      none.clip([5, 5]);
      none.scale(2, 2);
      expect(none.area()).toHaveLength(0);
      expect(none.getCenters().shape).toEqual([0, 2]);
    }
    expect(() => new RotatedBoxes([[1, 2, 3, 4]])).toThrow(StructureShapeError);
    expect(() => new RotatedBoxes(new Float32Array(4))).toThrow(StructureShapeError);
    expect(() => new RotatedBoxes(ndarray(new Float32Array(8), [2, 4]))).toThrow(
      StructureShapeError,
    );
  });
});
