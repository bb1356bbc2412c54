import { describe, expect, it } from "vitest";

import { topAnchors } from "../src/top-anchors.ts";

/** The rule, spelled out: a stable sort of all anchors in location-major order. */
function topBySorting(
  logits: Float32Array,
  start: number,
  numCellAnchors: number,
  numLocations: number,
  k: number,
): number[] {
  const value = (number: number) => {
    const plane = number % numCellAnchors;
    return logits[start + plane * numLocations + Math.floor(number / numCellAnchors)];
  };
  return Array.from({ length: numCellAnchors * numLocations }, (_, number) => number)
    .sort((a, b) => value(b) - value(a))
    .slice(0, k);
}

/** A small linear congruential generator: [0, 1). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("topAnchors", () => {
  it.each([0, 1, 2, 7, 100, 299, 300, 1000])(
    "gives the same %i anchors in the same order as a stable sort of all",
    (k) => {
      const random = randomNumbers(k + 1);
      const logits = Float32Array.from({ length: 2 * 3 * 100 }, () => 8 * random() - 4);
      for (const start of [0, 300]) {
        expect([...topAnchors(logits, start, 3, 100, k)]).toEqual(
          topBySorting(logits, start, 3, 100, k),
        );
      }
    },
  );

  it.each([1, 10, 55, 120])("keeps equal logits in the order of the anchors, of which %i", (k) => {
    const random = randomNumbers(k);
    const logits = Float32Array.from({ length: 120 }, () => Math.floor(4 * random()));
    expect([...topAnchors(logits, 0, 5, 24, k)]).toEqual(topBySorting(logits, 0, 5, 24, k));
  });

  it("selects from ascending, descending and constant logits alike", () => {
    const ascending = Float32Array.from({ length: 64 }, (_, i) => i);
    for (const logits of [ascending, ascending.toReversed(), new Float32Array(64)]) {
      expect([...topAnchors(logits, 0, 1, 64, 10)]).toEqual(topBySorting(logits, 0, 1, 64, 10));
    }
  });

  it("puts NaN beside infinity, in front", () => {
    const logits = Float32Array.of(1, NaN, -Infinity, Infinity, 2, NaN);
    expect([...topAnchors(logits, 0, 1, 6, 6)]).toEqual([1, 3, 5, 4, 0, 2]);
  });

  it("gives nothing where there are no locations", () => {
    expect(topAnchors(new Float32Array(0), 0, 3, 0, 10)).toHaveLength(0);
  });
});
