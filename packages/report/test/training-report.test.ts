import { copyFile, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  Metrics,
  parseMetrics,
  readMetrics,
  readTrainingRun,
  renderTrainingReport,
  SampleImageError,
  writeTrainingReport,
  type TrainingRun,
} from "@detectron-ts/report";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const golden = (file: string): string =>
  new URL(`./golden/mask_rcnn_fruits.${file}`, import.meta.url).pathname;

const PNG = Uint8Array.from(
  Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  ),
);

let recorded: TrainingRun;
beforeEach(async () => {
  recorded = {
    name: "detectron2",
    metrics: await readMetrics(golden("metrics.json")),
    config: await readFile(golden("config.yaml"), "utf8"),
  };
});

const text = (html: string): string =>
  html
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replaceAll("&#39;", "'")
    .replace(/\s+/g, " ");

const titles = (html: string): string[] =>
  [...html.matchAll(/<figcaption><b>([^<]*)/g)].map(([, title]) => title);

const run = (rows: ConstructorParameters<typeof Metrics>[0], name = "run"): TrainingRun => ({
  name,
  metrics: new Metrics(rows),
});

describe("renderTrainingReport", () => {
  it("shows what detectron2 recorded: results, losses, schedule, diagnostics, config", () => {
    const page = renderTrainingReport({ runs: [recorded] });
    const words = text(page);
    expect(words).toContain("Mask R-CNN, ResNet-50-FPN");
    expect(words).toContain("Box AP 57.0 AP50 100.0");
    expect(words).toContain("Mask AP 73.3");
    expect(words).toContain("Iterations 1,500 ");
    expect(words).toContain("bbox 57.0 100.0 63.9 – 55.5 50.2");
    expect(words).toMatch(/hazelnut\s+63\.3\s+71\.1/);
    expect(words).toContain("Trained on fruits_nuts_train");
    expect(words).toContain("META_ARCHITECTURE: GeneralizedRCNN");
    expect(titles(page).slice(0, 9)).toEqual([
      "total_loss",
      "loss_box_reg",
      "loss_cls",
      "loss_mask",
      "loss_rpn_cls",
      "loss_rpn_loc",
      "Learning rate",
      "Seconds per iteration",
      "Seconds waiting for data",
    ]);
    expect(titles(page)).toContain("mask_rcnn/accuracy");
  });

  it("estimates the training time from the recorded times of iterations", () => {
    const rows = [9, 19, 29].map((i) => [i, { time: 2, total_loss: 1 }] as const);
    const words = text(renderTrainingReport({ runs: [run(rows)] }));
    expect(words).toContain("Training time 60 s");
    expect(words).toContain("Per iteration 2 s");
  });

  it("draws every run into the same charts, each with its colour and name", () => {
    const other = { ...recorded, name: "detectron-ts", peakMemory: 812 * 2 ** 20 };
    const page = renderTrainingReport({ runs: [recorded, other] });
    const [, totalLoss] = page.split('<figure class="chart wide');
    const [chart] = totalLoss.split("</figure>");
    const [svg] = /<svg[\s\S]*?<\/svg>/.exec(chart)!;
    expect([...svg.matchAll(/<g class="dt-series dt-s(\d)"/g)].map(([, color]) => color)).toEqual([
      "0",
      "1",
    ]);
    expect(svg.match(/class="dt-legend/g)).toHaveLength(2);
    expect(text(page)).toContain("812 MiB");
  });

  it("marks the settings in which configs differ", () => {
    const other = {
      ...recorded,
      name: "b",
      config: recorded.config!.replace("BASE_LR: 0.02", "BASE_LR: 0.01"),
    };
    expect(other.config).not.toBe(recorded.config);
    const page = renderTrainingReport({ runs: [recorded, other] });
    expect(page.match(/<tr class="differs">[\s\S]*?<\/tr>/g)).toEqual([
      expect.stringMatching(/Learning rate[\s\S]*0\.02[\s\S]*0\.01/),
    ]);
  });

  it("has curves of average precision once there are two evaluations, and validation losses beside training's", () => {
    const evaluated = [100, 200].map(
      (i) =>
        [
          i,
          {
            "bbox/AP": i / 10,
            "bbox/AP50": i / 5,
            "bbox/AP-cup": 1,
            "bbox/AP-jar": 2,
            "validation/total_loss": 3,
          },
        ] as const,
    );
    const page = renderTrainingReport({ runs: [run([[0, { total_loss: 1 }], ...evaluated])] });
    expect(titles(page)).toEqual(["total_loss", "bbox AP", "bbox AP by category"]);
    expect(page).toContain(">validation</text>");
  });

  it("tells how far an unfinished training has come", () => {
    const words = text(
      renderTrainingReport({
        runs: [{ ...run([[999, { total_loss: 1 }]]), config: recorded.config! }],
      }),
    );
    expect(words).toContain("Iterations 1,000 of 1,500");
  });

  it("warns of losses that aren't finite and of lines that couldn't be read", () => {
    const metrics = parseMetrics(
      '{"iteration": 0, "loss_cls": 1}\n?\n{"iteration": 20, "loss_cls": NaN, "bbox/APs": NaN}\n',
    );
    const words = text(renderTrainingReport({ runs: [{ name: "mine", metrics }] }));
    expect(words).toContain(
      "mine: loss_cls is NaN or infinite in 1 of 2 records, first at iteration 20.",
    );
    expect(words).toContain("mine: line 2 of the metrics couldn't be read.");
    expect(words).not.toContain("APs is NaN");
  });

  it("says that nothing is recorded yet", () => {
    expect(text(renderTrainingReport({ runs: [run([])] }))).toContain(
      "No metrics are recorded yet.",
    );
    expect(text(renderTrainingReport({ runs: [] }))).toContain("No metrics are recorded yet.");
  });

  it("shows results that are given in place of recorded ones", () => {
    const results = { bbox: { AP: 12.34, APs: null, "AP-cup": Number.NaN } };
    const words = text(renderTrainingReport({ runs: [{ ...recorded, results }] }));
    expect(words).toContain("Box AP 12.3");
    expect(words).not.toContain("57.0");
    expect(words).toMatch(/cup\s+–/);
  });

  it("embeds pictures, and loads nothing from anywhere", () => {
    const page = renderTrainingReport({
      runs: [recorded],
      samples: [{ image: PNG, caption: "one" }],
    });
    expect(page).toContain(`src="data:image/png;base64,${Buffer.from(PNG).toString("base64")}"`);
    const addresses = [...page.matchAll(/(?:src|href|url)\s*[=(]\s*["']?([^"'\s>)]*)/g)];
    for (const [, address] of addresses) expect(address).toMatch(/^(#|data:)/);
    expect(page).not.toMatch(/@import|<link rel="stylesheet"|fetch\(/);
  });

  it("refuses a sample that is no picture, and says which", () => {
    const samples = [{ image: PNG }, { image: Uint8Array.of(1, 2, 3, 4, 5), caption: "second" }];
    expect(() => renderTrainingReport({ runs: [recorded], samples })).toThrow(
      new SampleImageError(1, "second", [1, 2, 3, 4]),
    );
  });

  it("takes names, captions, categories, scalars and configs for text", () => {
    const evil = `"'><script>alert(1)</script>`;
    const page = renderTrainingReport({
      title: evil,
      samples: [{ image: PNG, caption: evil }],
      runs: [0, 1].map((i) => ({
        ...run(
          [0, 1].map((j) => [
            j,
            { total_loss: 1, [`loss_${evil}`]: 1, [evil]: 1, "bbox/AP": 1, [`bbox/AP-${evil}`]: 1 },
          ]),
          `${evil}${i}`,
        ),
        config: `MODEL:\n  META_ARCHITECTURE: ${JSON.stringify(evil)}\n# ${evil}`,
      })),
    });
    expect(page).not.toContain("<script>alert");
    expect(page.match(/<script/g)).toHaveLength(titles(page).length + 1);
    // Nothing within a script element's data can end it.
    for (const [, json] of page.matchAll(/<script type="application\/json">(.*?)<\/script>/g)) {
      expect(() => JSON.parse(json) as unknown).not.toThrow();
    }
  });

  it("shows a config that is no YAML as it is", () => {
    const words = text(renderTrainingReport({ runs: [{ ...recorded, config: "{ [broken" }] }));
    expect(words).toContain("{ [broken");
  });
});

describe("writeTrainingReport", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "report-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("writes the page, replaces it, and leaves nothing else behind", async () => {
    const path = join(folder, "new", "report.html");
    await writeTrainingReport(path, { runs: [run([])] });
    await writeTrainingReport(path, { runs: [recorded], title: "second" });
    expect(await readdir(join(folder, "new"))).toEqual(["report.html"]);
    expect(await readFile(path, "utf8")).toContain("<title>second</title>");
  });

  it("keeps the page that is there when the new one fails", async () => {
    const path = join(folder, "report.html");
    await writeTrainingReport(path, { runs: [recorded], title: "first" });
    const samples = [{ image: new Uint8Array(4) }];
    await expect(writeTrainingReport(path, { runs: [recorded], samples })).rejects.toThrow(
      SampleImageError,
    );
    expect(await readFile(path, "utf8")).toContain("<title>first</title>");
  });

  it("goes with a training's output folder, with or without a config", async () => {
    await writeTrainingReport(join(folder, "x.html"), { runs: [] });
    await copyFile(golden("metrics.json"), join(folder, "metrics.json"));
    const bare = await readTrainingRun(folder, "bare");
    expect(bare).toMatchObject({ name: "bare" });
    expect(bare.config).toBeUndefined();
    await copyFile(golden("config.yaml"), join(folder, "config.yaml"));
    expect((await readTrainingRun(folder)).config).toContain("MODEL:");
    await expect(readTrainingRun(join(folder, "none"))).rejects.toThrow("metrics.json");
  });
});
