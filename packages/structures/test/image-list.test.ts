import "@detectron-ts/runtime";

import { tensor } from "@detectron-ts/tensor";
import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import { ImageList, Instances, RowIndexError, StructureShapeError } from "../src/index.ts";

const golden = loadGolden(new URL("./golden/image_list", import.meta.url));
const exactly = { atol: 0, rtol: 0 };

const image = (name: string) => {
  const { data, shape } = golden.float32(name);
  return tensor(data, { shape });
};
const blank = (...shape: number[]) =>
  tensor(new Float32Array(shape.reduce((a, b) => a * b)), { shape });

describe("ImageList", () => {
  it("pads as detectron2 does", async () => {
    const images = [image("0"), image("1")];
    const divisible = ImageList.fromTensors(images, 8);
    expect(await divisible.tensor.toNdarray()).toBeAllclose(golden.tensor("divisible8"), exactly);
    const filled = ImageList.fromTensors(images, 0, { padValue: 5 });
    expect(await filled.tensor.toNdarray()).toBeAllclose(golden.tensor("divisible0_pad5"), exactly);
    const single = ImageList.fromTensors([image("0")], 32);
    expect(await single.tensor.toNdarray()).toBeAllclose(
      golden.tensor("single_divisible32"),
      exactly,
    );
  });

  it("remembers sizes and cuts the padding off again", async () => {
    const images = ImageList.fromTensors([image("0"), image("1")], 8);
    expect(images).toHaveLength(2);
    expect(images.imageSizes).toEqual([
      [10, 13],
      [7, 20],
    ]);
    expect(await images.at(0).toNdarray()).toBeAllclose(golden.tensor("0"), exactly);
    expect(await images.at(-1).toNdarray()).toBeAllclose(golden.tensor("1"), exactly);
    expect(() => images.at(2)).toThrow(RowIndexError);
    expect(() => images.at(0.5)).toThrow(RowIndexError);
  });

  it("rounds sizes up to the divisibility, and only above 1", () => {
    const shapeFor = (divisibility: number) =>
      ImageList.fromTensors([blank(3, 33, 64)], divisibility).tensor.shape;
    expect(shapeFor(0)).toEqual([1, 3, 33, 64]);
    expect(shapeFor(1)).toEqual([1, 3, 33, 64]);
    expect(shapeFor(32)).toEqual([1, 3, 64, 64]);
  });

  it("obeys padding constraints", () => {
    const images = [blank(3, 33, 64), blank(3, 50, 20)];
    const square = ImageList.fromTensors(images, 32, { paddingConstraints: { squareSize: 70 } });
    expect(square.tensor.shape).toEqual([2, 3, 96, 96]);
    const own = { squareSize: 70, sizeDivisibility: 0 };
    expect(ImageList.fromTensors(images, 32, { paddingConstraints: own }).tensor.shape).toEqual([
      2, 3, 70, 70,
    ]);
    expect(() =>
      ImageList.fromTensors(images, 0, { paddingConstraints: { squareSize: 40 } }),
    ).toThrow(StructureShapeError);
  });

  it("takes label maps without channels", () => {
    expect(ImageList.fromTensors([blank(4, 5), blank(6, 3)]).tensor.shape).toEqual([2, 6, 5]);
  });

  it("refuses no images and images that differ in more than size", () => {
    expect(() => ImageList.fromTensors([])).toThrow(StructureShapeError);
    expect(() => ImageList.fromTensors([blank(3, 4, 4), blank(1, 4, 4)])).toThrow(
      StructureShapeError,
    );
    expect(() => ImageList.fromTensors([blank(3, 4, 4), blank(4, 4)])).toThrow(StructureShapeError);
    expect(() => ImageList.fromTensors([blank(4)])).toThrow(StructureShapeError);
  });
});

describe("lazy fields of instances", () => {
  const features = tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);

  it("are chosen and joined lazily", async () => {
    const instances = new Instances([10, 10], { features });
    expect(instances).toHaveLength(3);
    const chosen = instances.select([2, 0]);
    expect(await chosen.features.toNdarray()).toBeAllclose([5, 6, 1, 2], exactly);
    const joined = Instances.cat([chosen, instances.select(1)]);
    expect(joined.features.shape).toEqual([3, 2]);
    expect(await joined.features.toNdarray()).toBeAllclose([5, 6, 1, 2, 3, 4], exactly);
  });
});
