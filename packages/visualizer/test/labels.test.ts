import { describe, expect, it } from "vitest";

import { instanceColor, textColorOn, type Color } from "../src/colors.ts";
import { createTextLabels } from "../src/index.ts";
import { placeLabel } from "../src/label-layout.ts";

describe("createTextLabels", () => {
  it("joins class names and rounded scores", () => {
    expect(createTextLabels([1, 0], [0.954, 0.5], ["date", "fig"])).toEqual([
      "fig 95%",
      "date 50%",
    ]);
  });

  it("shows what there is: classes alone, scores alone, indices for missing names", () => {
    expect(createTextLabels([1], undefined, ["date", "fig"])).toEqual(["fig"]);
    expect(createTextLabels(undefined, [0.125, 0.375])).toEqual(["12%", "38%"]);
    expect(createTextLabels([7], [1], ["date"])).toEqual(["7 100%"]);
    expect(createTextLabels(undefined, undefined)).toBeUndefined();
    expect(createTextLabels([], [])).toEqual([]);
  });

  it("marks crowds", () => {
    expect(createTextLabels([0, 0], undefined, ["date"], [true, false])).toEqual([
      "date|crowd",
      "date",
    ]);
  });
});

describe("placeLabel", () => {
  const image = { width: 100, height: 80 };
  const label = { width: 30, height: 10 };

  it("stands above the box's corner", () => {
    const anchor = { x: 20, y: 40, width: 50, height: 30 };
    expect(placeLabel(label, anchor, false, image, [])).toEqual({ x: 20, y: 30, ...label });
  });

  it("moves into a box that touches the top of the image", () => {
    const anchor = { x: 20, y: 0, width: 50, height: 60 };
    expect(placeLabel(label, anchor, false, image, [])).toMatchObject({ x: 20, y: 0 });
  });

  it("stands beside a small object, on the side where there is room", () => {
    const middle = { x: 40, y: 40, width: 8, height: 8 };
    expect(placeLabel(label, middle, true, image, [])).toMatchObject({ x: 48, y: 40 });
    const atRight = { x: 90, y: 40, width: 8, height: 8 };
    expect(placeLabel(label, atRight, true, image, [])).toMatchObject({ x: 60, y: 40 });
  });

  it("avoids labels that are there already", () => {
    const anchor = { x: 20, y: 40, width: 60, height: 30 };
    const taken = placeLabel(label, anchor, false, image, []);
    expect(placeLabel(label, anchor, false, image, [taken])).toMatchObject({ x: 50, y: 30 });
  });

  it("stays inside the image at every corner, and starts at the border when it is too wide", () => {
    for (const x of [-5, 95]) {
      for (const y of [-5, 75]) {
        const place = placeLabel(label, { x, y, width: 10, height: 10 }, false, image, []);
        expect(place.x).toBeGreaterThanOrEqual(0);
        expect(place.y).toBeGreaterThanOrEqual(0);
        expect(place.x + place.width).toBeLessThanOrEqual(100);
        expect(place.y + place.height).toBeLessThanOrEqual(80);
      }
    }
    const wide = { width: 130, height: 10 };
    const anchor = { x: 50, y: 40, width: 9, height: 9 };
    expect(placeLabel(wide, anchor, false, image, [])).toMatchObject({ x: 0 });
  });
});

describe("instance colours", () => {
  const distance = (a: Color, b: Color) => Math.hypot(...a.map((value, i) => value - b[i]));

  /** The smallest distance in RGB between any two colours. */
  function closestPair(colors: readonly Color[]): number {
    const distances = colors.flatMap((color, i) =>
      colors.slice(0, i).map((other) => distance(color, other)),
    );
    return Math.min(...distances);
  }

  it("differ clearly within a picture of a dozen instances", () => {
    const colors = Array.from({ length: 12 }, (_, index) => instanceColor(index));
    expect(closestPair(colors)).toBeGreaterThan(30);
  });

  it("differ strongly between neighbours in the list", () => {
    for (let index = 1; index < 40; index++) {
      expect(closestPair([instanceColor(index - 1), instanceColor(index)])).toBeGreaterThan(100);
    }
  });

  it("carry text in black or white", () => {
    expect(textColorOn([0, 0, 80])).toEqual([255, 255, 255]);
    expect(textColorOn([255, 230, 0])).toEqual([0, 0, 0]);
  });
});
