import { lineChart, lineChartPng, type ChartPoint } from "@detectron-ts/report";
import { describe, expect, it } from "vitest";

const points = (...values: readonly number[]): ChartPoint[] => values.map((y, x) => ({ x, y }));

/** The `d` of each path of a class. */
const paths = (svg: string, name: string): string[] =>
  [...svg.matchAll(/<path class="([\w-]+)" d="([^"]*)"/g)]
    .filter(([, found]) => found === name)
    .map(([, , d]) => d);

const tickLabels = (svg: string): string[] =>
  [...svg.matchAll(/<text class="dt-text" x[^>]*>([^<]*)<\/text>/g)].map(([, label]) => label);

describe("lineChart", () => {
  it("puts values where the axes say", () => {
    const svg = lineChart({
      series: [{ name: "a", points: points(0, 2, 4) }],
      xLabel: "iteration",
    });
    const [left, top, right, bottom] = /data-plot="([^"]*)"/.exec(svg)![1].split(" ").map(Number);
    expect(svg).toContain('data-x="0 2" data-y="0 4" data-y-scale="linear"');
    const [d] = paths(svg, "dt-line");
    const numbers = d.match(/[\d.]+/g)!.map(Number);
    const middle = [(left + right) / 2, (top + bottom) / 2];
    for (const [i, wanted] of [left, bottom, ...middle, right, top].entries()) {
      expect(numbers[i]).toBeCloseTo(wanted, 1);
    }
  });

  it("has a grid line and a label for each round value, and names the axes", () => {
    const svg = lineChart({
      series: [{ name: "a", points: points(0, 10) }],
      xLabel: "iteration",
      yLabel: "loss",
      height: 200,
    });
    expect(tickLabels(svg)).toEqual(expect.arrayContaining(["0", "5", "10", "iteration"]));
    expect(svg.match(/class="dt-grid"/g)).toHaveLength(3);
    expect(svg).toMatch(/rotate\(-90\)[^>]*>loss</);
  });

  it("interrupts the line where a value isn't finite", () => {
    const [d] = paths(
      lineChart({ series: [{ name: "a", points: points(1, 2, NaN, 3, Infinity, 4) }] }),
      "dt-line",
    );
    expect(d.match(/M/g)).toHaveLength(3);
    expect(d).not.toMatch(/NaN|Infinity/);
  });

  it("draws the values pale below a smoothed line, which spikes don't sway much", () => {
    const values = Array.from({ length: 100 }, (_, i) => (i === 50 ? 10 : 1));
    const svg = lineChart({ series: [{ name: "a", points: points(...values), smooth: true }] });
    const highest = (d: string) =>
      Math.min(...[...d.matchAll(/,([\d.]+)/g)].map(([, y]) => Number(y)));
    const [raw] = paths(svg, "dt-raw");
    const [line] = paths(svg, "dt-line");
    expect(highest(line)).toBeGreaterThan(highest(raw) + 100);
  });

  it("smooths around gaps without filling them", () => {
    const values = Array.from({ length: 40 }, (_, i) => (i === 20 ? NaN : 1));
    const svg = lineChart({ series: [{ name: "a", points: points(...values), smooth: true }] });
    const [line] = paths(svg, "dt-line");
    const heights = new Set([...line.matchAll(/,([\d.]+)/g)].map(([, y]) => y));
    expect(line.match(/M/g)).toHaveLength(2);
    expect(heights.size).toBe(1);
  });

  it("keeps the peaks of a series with more points than pixels", () => {
    const values = Array.from({ length: 90_000 }, (_, i) => (i === 41_234 ? 7 : i % 2));
    const svg = lineChart({ series: [{ name: "a", points: points(...values) }] });
    expect(svg.length).toBeLessThan(40_000);
    expect(svg).toContain('data-y="0 7"');
    const [top] = /data-plot="\S+ (\S+)/.exec(svg)!.slice(1).map(Number);
    expect(paths(svg, "dt-line")[0]).toContain(`,${top}L`);
  });

  it("leaves out values that a logarithmic axis doesn't have", () => {
    const svg = lineChart({
      series: [{ name: "a", points: points(100, 0, 1, -5, 10) }],
      yScale: "log",
    });
    expect(paths(svg, "dt-line")[0].match(/M/g)).toHaveLength(3);
    expect(tickLabels(svg)).toEqual(expect.arrayContaining(["1", "10", "100"]));
  });

  it("has a legend for several lines, cut where a name is long, and none for one", () => {
    const two = lineChart({
      series: [
        { name: "detectron2", points: points(1, 2) },
        { name: "x".repeat(100), points: points(2, 3), dashed: true },
      ],
    });
    expect(two.match(/class="dt-legend/g)).toHaveLength(2);
    expect(two).toContain(`${"x".repeat(43)}…</text>`);
    expect(two).toContain("stroke-dasharray");
    const one = lineChart({ series: [{ name: "a", points: points(1, 2) }] });
    expect(one).not.toContain("dt-legend");
  });

  it("says so when there is nothing to draw", () => {
    for (const series of [
      [],
      [{ name: "a", points: [] }],
      [{ name: "a", points: points(NaN, NaN) }],
    ]) {
      expect(lineChart({ series })).toContain("nothing recorded");
    }
  });

  it("shows a single value as a dot", () => {
    const svg = lineChart({ series: [{ name: "a", points: [{ x: 1500, y: 56 }] }], xInclude: [0] });
    expect(svg.match(/<circle class="dt-dot"/g)).toHaveLength(1);
    expect(svg).toContain('data-x="0 1500" data-y="0 60"');
  });

  it("escapes what it is given, and what no XML can have", () => {
    const svg = lineChart({
      title: "<script>",
      yLabel: "a & b",
      series: [
        { name: `"><img src=x onerror='x'>\u0000`, points: points(1, 2) },
        { name: "b", points: points(1, 2) },
      ],
    });
    expect(svg).not.toContain("<script");
    expect(svg).not.toContain("<img");
    expect(svg).not.toContain("\u0000");
    expect(svg).toContain("a &amp; b");
  });
});

describe("lineChartPng", () => {
  it("renders the chart with its own font, at twice its size", async () => {
    const { loadImage, createCanvas } = await import("@napi-rs/canvas");
    const options = { series: [{ name: "a", points: points(1, 2) }], width: 300, height: 200 };
    const dark = async (title: string): Promise<number> => {
      const png = await lineChartPng({ ...options, title });
      const image = await loadImage(Buffer.from(png));
      expect([image.width, image.height]).toEqual([600, 400]);
      const context = createCanvas(600, 400).getContext("2d");
      context.drawImage(image, 0, 0);
      // Where the title stands.
      const { data } = context.getImageData(0, 10, 600, 36);
      return data.filter((value, i) => i % 4 === 0 && value < 128).length;
    };
    expect(await dark(" ")).toBe(0);
    expect(await dark("Total loss")).toBeGreaterThan(200);
  });
});
