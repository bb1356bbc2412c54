import { describe, expect, it } from "vitest";

import {
  area,
  decode,
  fromPolygons,
  MalformedRleError,
  MaskTooLargeError,
  type Rle,
} from "../src/index.ts";

/** What a JSON file may hold in place of an encoding. */
const untrusted = (value: unknown): Rle => JSON.parse(JSON.stringify(value));

describe("untrusted encodings", () => {
  it.each([
    ["a character below the alphabet", { size: [2, 2], counts: "4 " }],
    ["a character above the alphabet", { size: [2, 2], counts: "p" }],
    ["a character beyond ASCII", { size: [2, 2], counts: "ŉ" }],
    ["a number cut short", { size: [2, 2], counts: "T" }],
    ["a number without end", { size: [2, 2], counts: "T".repeat(100) }],
    ["a negative run", { size: [2, 2], counts: "N" }],
    ["a negative run by difference", { size: [4, 4], counts: "000J" }],
    ["too few pixels", { size: [2, 2], counts: "3" }],
    ["too many pixels", { size: [2, 2], counts: "5" }],
    ["no runs for some pixels", { size: [2, 2], counts: "" }],
    ["a list with a negative run", { size: [2, 2], counts: [5, -1] }],
    ["a list with a fraction", { size: [2, 2], counts: [1.5, 2.5] }],
    ["a list with a string", { size: [2, 2], counts: ["4"] }],
    ["a list that covers too much", { size: [2, 2], counts: [1e15, 4] }],
    ["a list that covers too little", { size: [2, 2], counts: [1, 2] }],
    ["counts of another type", { size: [2, 2], counts: { length: 4 } }],
    ["no counts", { size: [2, 2] }],
    ["no size", { counts: "4" }],
    ["a size of one number", { size: [4], counts: "4" }],
    ["a negative size", { size: [-2, -2], counts: "4" }],
    ["a fractional size", { size: [0.5, 8], counts: "4" }],
    ["a size of strings", { size: ["2", "2"], counts: "4" }],
  ])("with %s are malformed", (_, value) => {
    expect(() => decode(untrusted(value))).toThrow(MalformedRleError);
    expect(() => area(untrusted(value))).toThrow(MalformedRleError);
  });

  it("say where reading stopped", () => {
    expect(() => decode({ size: [2, 2], counts: "1p" })).toThrow(
      expect.objectContaining({ position: 1 }),
    );
  });

  it("are refused above a limit of pixels, before anything is allocated", () => {
    const huge = { size: [2 ** 16, 2 ** 14], counts: [2 ** 30] } as const;
    expect(() => decode(huge)).toThrow(MaskTooLargeError);
    expect(() => decode({ size: [10, 10], counts: [100] }, { maxPixels: 99 })).toThrow(
      expect.objectContaining({ height: 10, width: 10, maxPixels: 99 }),
    );
    expect(() => area({ size: [2 ** 20, 2 ** 20], counts: "0" })).toThrow(MaskTooLargeError);
    expect(() => fromPolygons([[0, 0, 1, 1, 2, 0]], [2 ** 20, 2 ** 20])).toThrow(MaskTooLargeError);
  });
});
