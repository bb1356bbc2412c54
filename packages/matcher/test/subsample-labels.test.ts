import { describe, expect, it } from "vitest";

import { subsampleLabels, type RandomGenerator } from "../src/index.ts";

/** A small linear congruential generator (Numerical Recipes' constants). */
function seeded(seed: number): RandomGenerator {
  let state = seed;
  return {
    next() {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    },
  };
}

const sorted = (positions: Int32Array) => [...positions].toSorted((a, b) => a - b);

describe("subsampleLabels", () => {
  const labels = Int8Array.from({ length: 100 }, (_, i) => (i < 30 ? 1 : i < 90 ? 0 : -1));
  const options = { numSamples: 40, positiveFraction: 0.5, backgroundLabel: 0 };

  it("fills the positive share, then negatives, and never takes what is to be ignored", () => {
    const { positive, negative } = subsampleLabels(labels, { ...options, generator: seeded(1) });
    expect(positive).toHaveLength(20);
    expect(negative).toHaveLength(20);
    expect(new Set([...positive, ...negative]).size).toBe(40);
    expect(positive.every((i) => labels[i] === 1)).toBe(true);
    expect(negative.every((i) => labels[i] === 0)).toBe(true);
  });

  it("cuts the positive share toward zero and gives the rest to negatives", () => {
    const { positive, negative } = subsampleLabels(labels, { ...options, numSamples: 7 });
    expect([positive.length, negative.length]).toEqual([3, 4]);
  });

  it("takes all there are when that is fewer", () => {
    const { positive, negative } = subsampleLabels(labels, { ...options, numSamples: 1000 });
    expect(sorted(positive)).toEqual(Array.from({ length: 30 }, (_, i) => i));
    expect(sorted(negative)).toEqual(Array.from({ length: 60 }, (_, i) => 30 + i));
  });

  it("knows classes beside a background class", () => {
    const classes = Int32Array.of(3, 0, 1, 3, -1, 2);
    const sample = subsampleLabels(classes, {
      numSamples: 10,
      positiveFraction: 1,
      backgroundLabel: 3,
    });
    expect(sorted(sample.positive)).toEqual([1, 2, 5]);
    expect(sorted(sample.negative)).toEqual([0, 3]);
  });

  it("repeats itself from the same seed", () => {
    const draw = (seed: number) => subsampleLabels(labels, { ...options, generator: seeded(seed) });
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  it("takes each with equal probability", () => {
    const generator = seeded(7);
    const counts = new Array<number>(30).fill(0);
    for (let round = 0; round < 3000; round++) {
      for (const i of subsampleLabels(labels, { ...options, generator }).positive) counts[i]++;
    }
    // Each of 30 is taken with probability 2/3: 2000 times, with a standard deviation of 26.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(130);
  });

  it("takes nothing from nothing", () => {
    const { positive, negative } = subsampleLabels(new Int8Array(0), options);
    expect([positive.length, negative.length]).toEqual([0, 0]);
  });
});
