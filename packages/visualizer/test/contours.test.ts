import { describe, expect, it } from "vitest";

import { contourArea, traceContours } from "../src/contours.ts";

/** A mask from rows of characters, `#` inside. */
function trace(...rows: string[]) {
  const mask = Uint8Array.from(rows.join(""), (pixel) => (pixel === "#" ? 1 : 0));
  return traceContours(mask, rows.length, rows[0].length);
}

describe("traceContours", () => {
  it("joins the midpoints of the border of a pixel, clockwise", () => {
    const [contour] = trace("...", ".#.", "...");
    expect(contour).toEqual(Float64Array.of(1.5, 1, 2, 1.5, 1.5, 2, 1, 1.5));
    expect(contourArea(contour)).toBe(0.5);
  });

  it("follows straight edges on the pixel border, at the image's border too", () => {
    const contours = trace("####", "####", "####");
    expect(contours).toHaveLength(1);
    // All but half a quarter pixel at each corner.
    expect(contourArea(contours[0])).toBe(12 - 4 * 0.125);
    expect(contours[0]).toHaveLength(16);
  });

  it("turns diagonals into straight lines", () => {
    const [contour] = trace("#...", "##..", "###.", "####");
    const slope = [...contour].filter((_, i) => i % 2 === 0).map((x, i) => contour[2 * i + 1] - x);
    expect(slope.filter((offset) => offset === 0.5 || offset === -0.5).length).toBeGreaterThan(6);
  });

  it("gives a hole a contour of its own with negative area", () => {
    const areas = trace("#####", "#...#", "#...#", "#####").map(contourArea);
    expect(areas).toEqual([20 - 0.5, -6 + 0.5]);
  });

  it("separates pieces that only touch at a corner", () => {
    expect(trace("#.", ".#")).toHaveLength(2);
  });

  it("finds nothing in an empty mask or an empty image", () => {
    expect(trace("...", "...")).toEqual([]);
    expect(traceContours(new Uint8Array(0), 0, 0)).toEqual([]);
  });
});
