import { expect, it } from "vitest";

import { argsortDescending } from "../src/argsort.ts";

it("sorts from high to low, every position once", () => {
  for (const length of [0, 1, 2, 17, 18, 100, 5000]) {
    const values = Array.from({ length }, (_, i) => (i * 7919) % 101);
    const order = argsortDescending(values);
    expect(order.toSorted()).toEqual(Int32Array.from(values.keys()));
    expect(Array.from(order, (i) => values[i])).toEqual(values.toSorted((a, b) => b - a));
  }
});

it("keeps the order of equal values in short lists only, as NumPy does", () => {
  const positions = (length: number) => [...argsortDescending(new Float64Array(length))];
  expect(positions(17)).toEqual([...Array(17).keys()]);
  expect(positions(18)).not.toEqual([...Array(18).keys()]);
});
