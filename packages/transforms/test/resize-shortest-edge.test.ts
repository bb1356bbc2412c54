import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import { NoOpTransform, ResizeShortestEdge, TransformOptionError } from "../src/index.ts";

describe("ResizeShortestEdge.getOutputShape", () => {
  it.each([
    [427, 640, 800, 1333, [800, 1199]],
    [375, 1242, 800, 1333, [402, 1333]],
    [640, 427, 800, 1333, [1199, 800]],
    [480, 640, 800, 1333, [800, 1067]],
    [500, 500, 800, 640, [640, 640]],
  ])("gives %d×%d for short edge %d and bound %d", (height, width, length, maxSize, expected) => {
    expect(ResizeShortestEdge.getOutputShape(height, width, length, maxSize)).toEqual(expected);
  });
});

describe("ResizeShortestEdge", () => {
  const image = ndarray(new Uint8Array(10 * 20 * 3), [10, 20, 3]);
  const heightFor = (resize: ResizeShortestEdge, random: number) =>
    resize.getTransform(image, { next: () => random });

  it("draws from a range with both bounds included", () => {
    const resize = new ResizeShortestEdge({ shortEdgeLength: [30, 32] });
    expect(heightFor(resize, 0)).toMatchObject({ newHeight: 30, newWidth: 60 });
    expect(heightFor(resize, 0.5)).toMatchObject({ newHeight: 31 });
    expect(heightFor(resize, 1 - 2 ** -53)).toMatchObject({ newHeight: 32 });
  });

  it("chooses one of several lengths", () => {
    const resize = new ResizeShortestEdge({ shortEdgeLength: [5, 50, 7], sampleStyle: "choice" });
    expect(heightFor(resize, 0.34)).toMatchObject({ newHeight: 50 });
    expect(heightFor(resize, 0.99)).toMatchObject({ newHeight: 7 });
  });

  it("leaves images alone when the length is 0", () => {
    const transform = new ResizeShortestEdge({ shortEdgeLength: 0 }).getTransform(image);
    expect(transform).toBeInstanceOf(NoOpTransform);
    expect(transform.applyImage(image)).toBe(image);
    expect(transform.inverse()).toBe(transform);
  });

  it("rejects a range without two ordered bounds, and no lengths at all", () => {
    expect(() => new ResizeShortestEdge({ shortEdgeLength: [1, 2, 3] })).toThrow(
      TransformOptionError,
    );
    expect(() => new ResizeShortestEdge({ shortEdgeLength: [3, 2] })).toThrow("[least, greatest]");
    expect(() => new ResizeShortestEdge({ shortEdgeLength: [] })).toThrow(TransformOptionError);
    expect(() => new ResizeShortestEdge({ shortEdgeLength: -1 })).toThrow("at least 0");
  });
});
