import { describe, expect, it } from "vitest";

import { MetricsFormatError, parseMetrics, readMetrics } from "@detectron-ts/report";

const golden = new URL("./golden/mask_rcnn_fruits.metrics.json", import.meta.url).pathname;

/** A file's text from its lines, each ended as writers end them. */
const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join("");

describe("readMetrics", () => {
  it("reads what detectron2 recorded", async () => {
    const metrics = await readMetrics(golden);
    expect(metrics.iterations).toBe(1500);
    expect(metrics.names).toContain("loss_mask");
    expect(metrics.series("total_loss")).toHaveLength(75);
    expect(metrics.series("total_loss")[0]).toEqual({ iteration: 19, value: 2.8172307200729847 });
    expect(metrics.latest("segm/AP")).toBe(73.31895381145527);
    expect(metrics.series("bbox/APs")).toEqual([{ iteration: 1500, value: NaN }]);
    expect(metrics.latest("bbox/APs")).toBeUndefined();
    expect(metrics.unreadableLines).toEqual([]);
  });

  it("tells which file isn't there", async () => {
    await expect(readMetrics("/nowhere/metrics.json")).rejects.toThrow("/nowhere/metrics.json");
  });
});

describe("parseMetrics", () => {
  it("has nothing of an empty file, and no iterations", () => {
    const metrics = parseMetrics("");
    expect(metrics.names).toEqual([]);
    expect(metrics.iterations).toBe(0);
    expect(metrics.series("total_loss")).toEqual([]);
  });

  it("reads NaN and infinities as Python writes them, and null as NaN", () => {
    const metrics = parseMetrics(
      lines(
        '{"iteration": 0, "a": NaN, "b": Infinity, "c": -Infinity, "d": null, "e": 1e-3}',
        '{"iteration": 1, "NaN or \\"Infinity": 2}',
      ),
    );
    expect(metrics.names.map((name) => metrics.series(name)[0].value)).toEqual([
      NaN,
      Infinity,
      -Infinity,
      NaN,
      0.001,
      2,
    ]);
    expect(metrics.names[5]).toBe('NaN or "Infinity');
  });

  it("takes the last of several values for an iteration", () => {
    const metrics = parseMetrics(
      lines('{"iteration": 9, "a": 1}', '{"iteration": 19, "a": 2}', '{"iteration": 19, "a": 3}'),
    );
    expect(metrics.series("a").map(({ value }) => value)).toEqual([1, 3]);
  });

  it("drops what was recorded after the checkpoint that training was resumed from", () => {
    const metrics = parseMetrics(
      lines(
        ...[9, 19, 29, 39].map((iteration) => `{"iteration": ${iteration}, "a": 1}`),
        '{"iteration": 24, "a": 2}',
        '{"iteration": 34, "a": 2}',
      ),
    );
    expect(metrics.series("a").map(({ iteration }) => iteration)).toEqual([9, 19, 24, 34]);
  });

  it("keeps other scalars when results of an evaluation are written before older ones", () => {
    const metrics = parseMetrics(
      lines(
        '{"iteration": 9, "a": 1}',
        '{"iteration": 20, "bbox/AP": 5}',
        '{"iteration": 19, "a": 2}',
      ),
    );
    expect(metrics.series("bbox/AP")).toEqual([{ iteration: 20, value: 5 }]);
    expect(metrics.series("a")).toHaveLength(2);
    expect(metrics.iterations).toBe(20);
  });

  it("passes over a last line cut short", () => {
    const metrics = parseMetrics(`${lines('{"iteration": 9, "a": 1}')}{"iteration": 19, "a`);
    expect(metrics.series("a")).toHaveLength(1);
    expect(metrics.unreadableLines).toEqual([]);
  });

  it("lists lines within the file that it can't read", () => {
    const metrics = parseMetrics(
      lines(
        '{"iteration": 9, "a": 1}',
        '{"a": 1}',
        "garbage",
        "",
        "[1]",
        '{"iteration": 19, "a": 2}',
      ),
    );
    expect(metrics.unreadableLines).toEqual([2, 3, 5]);
    expect(metrics.series("a")).toHaveLength(2);
  });

  it("passes over values that are no numbers", () => {
    const metrics = parseMetrics(lines('{"iteration": 9, "a": 1, "note": "x", "list": [1]}'));
    expect(metrics.names).toEqual(["a"]);
  });

  it("refuses a file of another kind, with its beginning", () => {
    expect(() => parseMetrics(lines("iteration,loss", "1,2"), "loss.csv")).toThrow(
      new MetricsFormatError("loss.csv", "iteration,loss"),
    );
  });
});
