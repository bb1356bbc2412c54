import { describe, expect, it } from "vitest";

import { labelBoundary } from "../src/label-boundary.ts";

/** Rows of digits as a label map, and back. */
function boundary(rows: readonly string[]): string[] {
  const width = rows[0].length;
  const labels = Int32Array.from(rows.join(""), Number);
  const digits = labelBoundary(labels, [rows.length, width]).join("");
  return rows.map((_, row) => digits.slice(row * width, (row + 1) * width));
}

describe("labelBoundary", () => {
  it("is by how much a label is above the least of its neighbours, and of 0 beyond the image", () => {
    expect(boundary(["333333", "333333", "335533", "333333", "333333"])).toEqual([
      "333333",
      "300003",
      "302203",
      "300003",
      "333333",
    ]);
  });

  it("has nothing inside where a higher label begins, and the difference on the higher side", () => {
    const rows = Array.from({ length: 5 }, () => "11114444");
    expect(boundary(rows).slice(1, 4)).toEqual(["10003004", "10003004", "10003004"]);
  });

  it("is as wide as a fiftieth of the diagonal, halves going to the even number", () => {
    // The diagonal of 75 × 100 is 125, a fiftieth of which is 2½.
    const ones = labelBoundary(new Int32Array(75 * 100).fill(1), [75, 100]);
    expect([...ones.subarray(5000, 5010)]).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    const single = labelBoundary(Int32Array.of(6), [1, 1]);
    expect([...single]).toEqual([6]);
  });
});
