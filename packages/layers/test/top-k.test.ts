import { describe, expect, it } from "vitest";

import { TopK } from "../src/index.ts";

/** Offers values in an order of their numbers. */
function topK(k: number, values: Float32Array, order: readonly number[]): number[] {
  const best = new TopK(k);
  for (const number of order) best.offer(values[number], number);
  return [...best.numbers()];
}

describe("the k highest of many values", () => {
  // A permutation of 0…300, as 10 and 301 have no common factor.
  const order = Array.from({ length: 301 }, (_, i) => (10 * i) % 301);
  const values = Float32Array.from({ length: 301 }, (_, i) => Math.floor(40 * Math.sin(i)));
  const sorted = values.map((_, i) => i).sort((a, b) => values[b] - values[a] || a - b);

  it.each([0, 1, 2, 63, 64, 65, 300, 301, 1000])(
    "are %i of the front of all when sorted, whatever the order they come in",
    (k) => {
      const wanted = Array.from(sorted.slice(0, k));
      expect(topK(k, values, order)).toEqual(wanted);
      expect(topK(k, values, order.toReversed())).toEqual(wanted);
    },
  );

  it("are none of none, and can be asked for in between", () => {
    const best = new TopK(2);
    expect([...best.numbers()]).toEqual([]);
    best.offer(1, 10);
    expect([...best.numbers()]).toEqual([10]);
    best.offer(Infinity, 11);
    best.offer(-Infinity, 12);
    expect([...best.numbers()]).toEqual([11, 10]);
    best.offer(2, 13);
    expect([...best.numbers()]).toEqual([11, 13]);
    expect(best.size).toBe(2);
  });
});
