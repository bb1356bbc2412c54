import { EmptyHistoryError, HistoryBuffer } from "@detectron-ts/events";
import { describe, expect, it } from "vitest";

describe("HistoryBuffer", () => {
  it("takes medians and means of the latest values, and the mean of all", () => {
    const buffer = new HistoryBuffer();
    for (const value of [9, 1, 4, 2]) buffer.update(value);
    expect(buffer.latest()).toBe(2);
    expect(buffer.median(3)).toBe(2);
    expect(buffer.median(4)).toBe(3);
    expect(buffer.median(100)).toBe(3);
    expect(buffer.avg(2)).toBe(3);
    expect(buffer.globalAvg()).toBe(4);
    expect(buffer.values()).toEqual([
      [9, 0],
      [1, 1],
      [4, 2],
      [2, 3],
    ]);
  });

  it("drops the oldest values when full, but not from the average of all", () => {
    const buffer = new HistoryBuffer({ maxLength: 3 });
    for (const value of [10, 20, 30, 40, 50]) buffer.update(value);
    expect(buffer.length).toBe(3);
    expect(buffer.values()).toEqual([
      [30, 2],
      [40, 3],
      [50, 4],
    ]);
    expect(buffer.latest()).toBe(50);
    expect(buffer.median(100)).toBe(40);
    expect(buffer.countSamples(2)).toBe(2);
    expect(buffer.globalAvg()).toBe(30);
  });

  it("has no latest value, no median and no samples while empty", () => {
    const buffer = new HistoryBuffer();
    expect(() => buffer.latest()).toThrow(EmptyHistoryError);
    expect(buffer.median(20)).toBeNaN();
    expect(buffer.avg(20)).toBeNaN();
    expect(buffer.countSamples(20)).toBe(0);
    expect(buffer.values()).toEqual([]);
  });

  it("shows a NaN in its window rather than sort it away", () => {
    const buffer = new HistoryBuffer();
    for (const value of [1, Number.NaN, 3]) buffer.update(value);
    expect(buffer.median(3)).toBeNaN();
    expect(buffer.median(1)).toBe(3);
  });
});
