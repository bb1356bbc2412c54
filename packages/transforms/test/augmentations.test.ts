import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  AugInput,
  AugmentationList,
  BlendTransform,
  CropTransform,
  FixedSizeCrop,
  HFlipTransform,
  ImageShapeError,
  MinIoURandomCrop,
  MissingLabelsError,
  NoOpTransform,
  RandomApply,
  RandomBrightness,
  RandomContrast,
  RandomCrop,
  RandomCropCategoryAreaConstraint,
  RandomExtent,
  RandomFlip,
  RandomLighting,
  type RandomGenerator,
  RandomResize,
  RandomRotation,
  RandomSaturation,
  Resize,
  ResizeScale,
  TransformOptionError,
  VFlipTransform,
} from "../src/index.ts";

/** Yields the given numbers, then starts again. */
function draws(...values: number[]): RandomGenerator {
  let at = 0;
  return { next: () => values[at++ % values.length] };
}

/** A linear congruential generator; good enough to shake options with. */
function seeded(seed: number): RandomGenerator {
  let state = seed;
  return { next: () => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32 };
}

const image = ndarray(new Uint8Array(30 * 40 * 3).fill(100), [30, 40, 3]);

describe("AugmentationList", () => {
  it("gives detectron2's boxes for its large-scale jitter and flip, on the same draws", () => {
    const augmentations = new AugmentationList([
      new ResizeScale({ minScale: 0.2, maxScale: 2, targetHeight: 1100, targetWidth: 1000 }),
      new FixedSizeCrop({ cropSize: [1100, 1000] }),
      new RandomFlip(),
    ]);
    const boxes = ndarray(Float64Array.of(91, 46, 144, 111, 523, 251, 614, 295), [2, 4]);
    const input = new AugInput(ndarray(new Uint8Array(900 * 800), [900, 800]), { boxes });
    // What NumPy draws for seed 125 after the 720000 values of the picture.
    const transform = augmentations.apply(
      input,
      draws(0.21915960640601528, 0.18291293531316744, 0.2593011719955324),
    );
    expect(input.image.shape).toEqual([1100, 1000]);
    const expected = [
      [895.42, 33.42666667, 933.91125, 80.66],
      [554.0825, 182.39333333, 620.17125, 214.36666667],
    ];
    expect(transform.applyBox(boxes)).toBeAllclose(expected, { atol: 1e-6 });
    expect(input.boxes).toBeAllclose(expected, { atol: 1e-6 });
  });

  it("shows each step what the one before made, and takes fixed transforms too", () => {
    const list = new AugmentationList([
      new Resize([10, 20]),
      new HFlipTransform(20),
      new Resize(8),
    ]);
    const semSeg = ndarray(new Uint8Array(30 * 40).fill(3), [30, 40]);
    const input = new AugInput(image, { semSeg });
    const transform = list.apply(input);
    expect(transform.transforms).toHaveLength(3);
    expect(input.image.shape).toEqual([8, 8, 3]);
    expect(input.semSeg?.shape).toEqual([8, 8]);
    expect(list.getTransform(image).applyImage(image).shape).toEqual([8, 8, 3]);
  });
});

describe("RandomApply and RandomFlip", () => {
  it("act when the draw is below their share", () => {
    expect(new RandomFlip().getTransform(image, draws(0.49))).toEqual(new HFlipTransform(40));
    expect(new RandomFlip().getTransform(image, draws(0.5))).toBeInstanceOf(NoOpTransform);
    const vertical = new RandomFlip({ prob: 1, direction: "vertical" });
    expect(vertical.getTransform(image, draws(0.999))).toEqual(new VFlipTransform(30));
    const flip = new HFlipTransform(40);
    expect(new RandomApply(flip, 0.2).getTransform(image, draws(0.1))).toBe(flip);
    expect(new RandomApply(flip, 0.2).getTransform(image, draws(0.2))).toBeInstanceOf(
      NoOpTransform,
    );
    expect(new RandomApply(vertical, 1).getTransform(image, draws(0.3))).toBeInstanceOf(
      VFlipTransform,
    );
  });

  it("reject shares outside 0 to 1", () => {
    expect(() => new RandomFlip({ prob: 1.5 })).toThrow(TransformOptionError);
    expect(() => new RandomApply(new HFlipTransform(1), -0.1)).toThrow("a share from 0 to 1");
  });
});

describe("resizing", () => {
  it("chooses one of several sizes", () => {
    const resize = new RandomResize([
      [10, 20],
      [30, 15],
    ]);
    expect(resize.getTransform(image, draws(0.6)).applyImage(image).shape).toEqual([30, 15, 3]);
  });

  it("fits images into the scaled target, halves rounded to even", () => {
    const scale = new ResizeScale({
      minScale: 0.5,
      maxScale: 1,
      targetHeight: 25,
      targetWidth: 50,
    });
    const { shape } = scale.getTransform(image, draws(0)).applyImage(image);
    expect(shape).toEqual([12, 17, 3]);
  });
});

describe("RandomCrop", () => {
  const crop = (cropType: RandomCrop["cropType"], cropSize: [number, number]) =>
    new RandomCrop({ cropType, cropSize });

  it("understands its size as its type says", () => {
    expect(crop("relative", [0.55, 0.5]).getCropSize(30, 40)).toEqual([17, 20]);
    expect(crop("relative_range", [0.5, 0.5]).getCropSize(30, 40, draws(0, 0.5))).toEqual([15, 30]);
    expect(crop("absolute", [20, 50]).getCropSize(30, 40)).toEqual([20, 40]);
    expect(crop("absolute_range", [20, 35]).getCropSize(30, 40, draws(0.999))).toEqual([30, 35]);
  });

  it("places the rectangle anywhere inside, both ends included", () => {
    const place = (random: number) => crop("absolute", [20, 30]).getTransform(image, draws(random));
    expect(place(0)).toMatchObject({ x0: 0, y0: 0, width: 30, height: 20 });
    expect(place(0.9999)).toMatchObject({ x0: 10, y0: 10 });
    expect(place(0.9999).inverse().applyImage(image)).toMatchObject({ shape: [40, 50, 3] });
  });

  it("rejects sizes that its type cannot have", () => {
    expect(() => crop("relative", [0.5, 1.5])).toThrow(TransformOptionError);
    expect(() => crop("absolute_range", [5, 4])).toThrow("[least, greatest]");
    expect(() => crop("absolute", [0, 4])).toThrow(TransformOptionError);
  });

  it("looks for rectangles where no category prevails, if asked to", () => {
    // The left half is 0, the right half 1: rectangles across the middle are diverse.
    const semSeg = ndarray(
      Uint8Array.from({ length: 1200 }, (_, i) => (i % 40 < 20 ? 0 : 1)),
      [30, 40],
    );
    const options = { cropType: "absolute", cropSize: [10, 10] } as const;
    const constrained = new RandomCropCategoryAreaConstraint({
      ...options,
      singleCategoryMaxArea: 0.6,
    });
    const found = constrained.getTransform(image, draws(0, 0, 0, 0.5), { semSeg });
    expect(found).toMatchObject({ x0: 15 });
    const never = constrained.getTransform(image, draws(0), { semSeg });
    expect(never).toMatchObject({ x0: 0 });
    expect(() => constrained.getTransform(image, draws(0))).toThrow(MissingLabelsError);
    const free = new RandomCropCategoryAreaConstraint(options);
    expect(free.getTransform(image, draws(0))).toBeInstanceOf(CropTransform);
  });
});

describe("FixedSizeCrop", () => {
  it("cuts what is too long and pads what is too short", () => {
    const fixed = new FixedSizeCrop({ cropSize: [20, 50] });
    const result = fixed.getTransform(image, draws(0.5)).applyImage(image);
    expect(result.shape).toEqual([20, 50, 3]);
    expect([result.get(0, 39, 0), result.get(0, 40, 0)]).toEqual([100, 128]);
    const unpadded = new FixedSizeCrop({ cropSize: [20, 50], pad: false });
    expect(unpadded.getTransform(image).applyImage(image).shape).toEqual([20, 40, 3]);
  });

  it("is undone by its inverse where nothing was cut", () => {
    const transform = new FixedSizeCrop({ cropSize: [35, 50] }).getTransform(image);
    expect(transform.inverse().applyImage(transform.applyImage(image)).shape).toEqual(image.shape);
  });
});

describe("MinIoURandomCrop", () => {
  it("cuts out rectangles that overlap every box enough and hold a centre", () => {
    const large = ndarray(new Uint8Array(300 * 400), [300, 400]);
    const boxes = ndarray(Float32Array.of(100, 80, 300, 220), [1, 4]);
    const crop = new MinIoURandomCrop({ minIous: [0.5] });
    const random = seeded(3);
    let cuts = 0;
    for (let i = 0; i < 40; i++) {
      const transform = crop.getTransform(large, random, { boxes });
      if (!(transform instanceof CropTransform)) continue;
      cuts++;
      const { x0, y0, width, height } = transform;
      expect(x0 < 200 && x0 + width > 199 && y0 < 150 && y0 + height > 149).toBe(true);
    }
    expect(cuts).toBeGreaterThan(5);
  });

  it("leaves images alone without boxes, and cuts freely around zero boxes", () => {
    expect(new MinIoURandomCrop().getTransform(image)).toBeInstanceOf(NoOpTransform);
    const none = ndarray(new Float32Array(0), [0, 4]);
    const transform = new MinIoURandomCrop().getTransform(image, draws(0.5), { boxes: none });
    expect(transform).toBeInstanceOf(CropTransform);
  });
});

describe("colors", () => {
  const range = { intensityMin: 0.5, intensityMax: 1.5 };
  const pixels = ndarray(Uint8Array.of(10, 20, 30, 100, 110, 180), [1, 2, 3]);

  it("brightness multiplies, contrast moves from the mean, saturation from the gray", () => {
    const apply = (augmentation: RandomBrightness | RandomContrast | RandomSaturation) => [
      ...augmentation.getTransform(pixels, draws(0)).applyImage(pixels).data,
    ];
    expect(apply(new RandomBrightness(range))).toEqual([5, 10, 15, 50, 55, 90]);
    // The mean is 75.
    expect(apply(new RandomContrast(range))).toEqual([42, 47, 52, 87, 92, 127]);
    // The grays are 18.15 and 114.99.
    expect(apply(new RandomSaturation(range))).toEqual([14, 19, 24, 107, 112, 147]);
  });

  it("lighting adds one color along the principal components", () => {
    const transform = new RandomLighting(10).getTransform(pixels, draws(0.5, 0));
    const deviation = Math.sqrt(2 * Math.log(2)) * 10;
    const blue = (-0.5675 * 0.2175 + 0.7192 * 0.0188 + 0.4009 * 0.0045) * deviation;
    expect(transform).toBeInstanceOf(BlendTransform);
    expect(transform.applyImage(pixels).data[0]).toBe(Math.trunc(10 + blue));
    expect(() => new RandomLighting(1).getTransform(ndarray(new Uint8Array(4), [2, 2]))).toThrow(
      ImageShapeError,
    );
  });
});

describe("RandomRotation", () => {
  it("draws an angle and a centre from ranges, or chooses them", () => {
    const range = new RandomRotation({ angle: [-30, 30] });
    expect(range.getTransform(image, draws(0.75))).toMatchObject({ angle: 15, expand: true });
    expect(range.getTransform(image, draws(0.5))).toBeInstanceOf(NoOpTransform);
    const quarter = new RandomRotation({ angle: [0, 90], sampleStyle: "choice", expand: false });
    expect(quarter.getTransform(image, draws(0.7))).toMatchObject({ angle: 90, bound: [30, 40] });
    const corner = new RandomRotation({
      angle: 90,
      expand: false,
      center: [
        [0, 0],
        [0, 0],
      ],
    });
    const point = ndarray(Float64Array.of(0, 0), [1, 2]);
    expect(corner.getTransform(image).applyCoords(point)).toBeAllclose([[0, 0]]);
  });

  it("rejects ranges without two bounds", () => {
    expect(() => new RandomRotation({ angle: [1, 2, 3] })).toThrow(TransformOptionError);
    expect(() => new RandomRotation({ angle: [], sampleStyle: "choice" })).toThrow("two bounds");
  });
});

it("RandomExtent takes a scaled and shifted rectangle", () => {
  const extent = new RandomExtent({ scaleRange: [0.5, 0.5], shiftRange: [0.5, 0] });
  const transform = extent.getTransform(image, draws(0, 0, 0.5));
  expect(transform).toMatchObject({ srcRect: [0, 7.5, 20, 22.5], outputSize: [15, 20] });
});
