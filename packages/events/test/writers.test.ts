import {
  CommonMetricPrinter,
  EventStorage,
  JSONWriter,
  NoEventStorageError,
} from "@detectron-ts/events";
import { existsSync } from "node:fs";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatDuration, formatGeneral } from "../src/writers/format.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "events-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("CommonMetricPrinter", () => {
  it("prints detectron2's line", () => {
    const lines: string[] = [];
    const printer = new CommonMetricPrinter({ maxIter: 1000, log: (line) => lines.push(line) });
    using storage = new EventStorage(19);
    storage.putScalars({ data_time: 0.01, total_loss: 1.23456, loss_cls: 0.000012345 });
    storage.putScalar("time", 2);
    storage.putScalar("lr", 0.00031234567, { smoothingHint: false });
    printer.write();
    printer.close();
    expect(lines).toHaveLength(1);
    const [line, memory] = lines[0].split("max_mem: ");
    expect(line).toBe(
      " eta: 0:32:40  iter: 19  total_loss: 1.235  loss_cls: 1.234e-05    time: 2.0000  " +
        "last_time: 2.0000  data_time: 0.0100  last_data_time: 0.0100   lr: 0.00031235  ",
    );
    expect(memory).toMatch(/^\d+M$/);
    expect(storage.latest().get("eta_seconds")).toEqual({ value: 1960, iter: 19 });
  });

  it("prints scalars marked as metrics, and leaves out what is not recorded", () => {
    const lines: string[] = [];
    const printer = new CommonMetricPrinter({ log: (line) => lines.push(line) });
    using storage = new EventStorage();
    storage.putScalars({ loss: 1, "[metric]bar": 2, other: 3 });
    printer.write();
    expect(lines[0]).toMatch(/^ iter: 0 {2}loss: 1 {2}\[metric\]bar: 2 {3}lr: N\/A {2}max_mem/);
  });

  it("estimates the time left from the clock while no iteration was timed", () => {
    const lines: string[] = [];
    const printer = new CommonMetricPrinter({ maxIter: 100, log: (line) => lines.push(line) });
    using storage = new EventStorage();
    printer.write();
    printer.write();
    storage.iter = 20;
    printer.write();
    expect(lines.map((line) => line.includes("eta:"))).toEqual([false, false, true]);
    expect(lines[2]).toContain("eta: 0:00:0");
  });

  it("is silent once all iterations are done", () => {
    const lines: string[] = [];
    const printer = new CommonMetricPrinter({ maxIter: 5, log: (line) => lines.push(line) });
    using storage = new EventStorage(5);
    storage.putScalar("loss", 1);
    printer.write();
    expect(lines).toEqual([]);
  });

  it("needs a current storage", () => {
    expect(() => new CommonMetricPrinter().write()).toThrow(NoEventStorageError);
  });
});

describe("numbers and durations", () => {
  it("are written as Python writes them", () => {
    const general = [0, 1, 0.5, 1234.4, 12346, 0.0001, 0.00001, -2e-7, 1e22, 9999.9, Infinity];
    expect(general.map((value) => formatGeneral(value, 4))).toEqual([
      "0",
      "1",
      "0.5",
      "1234",
      "1.235e+04",
      "0.0001",
      "1e-05",
      "-2e-07",
      "1e+22",
      "1e+04",
      "inf",
    ]);
    expect(formatGeneral(Number.NaN, 4)).toBe("nan");
    expect([0.9, 59, 3661, 86_400, 200_000].map(formatDuration)).toEqual([
      "0:00:00",
      "0:00:59",
      "1:01:01",
      "1 day, 0:00:00",
      "2 days, 7:33:20",
    ]);
  });
});

describe("JSONWriter", () => {
  const lines = async (jsonFile: string): Promise<unknown[]> =>
    (await readFile(jsonFile, "utf8"))
      .split("\n")
      .slice(0, -1)
      .map((line): unknown => JSON.parse(line));

  it("writes a sorted line of medians for each iteration, and each scalar once", async () => {
    const jsonFile = join(folder, "output", "metrics.json");
    const writer = new JSONWriter({ jsonFile });
    using storage = new EventStorage();
    for (; storage.iter < 50; storage.step()) {
      storage.putScalar("loss", storage.iter);
      storage.putScalar("lr", 0.1, { smoothingHint: false });
      if (storage.iter % 20 === 19 || storage.iter === 49) writer.write();
    }
    storage.putScalar("bbox/AP", Number.NaN, { smoothingHint: false });
    writer.write();
    writer.write();
    writer.close();
    expect(await readFile(jsonFile, "utf8")).toBe(
      '{"iteration": 19, "loss": 9.5, "lr": 0.1}\n' +
        '{"iteration": 39, "loss": 29.5, "lr": 0.1}\n' +
        '{"iteration": 49, "loss": 39.5, "lr": 0.1}\n' +
        '{"bbox/AP": null, "iteration": 50}\n',
    );
  });

  it("puts scalars of different iterations on lines of their own, in order", async () => {
    const jsonFile = join(folder, "metrics.json");
    const writer = new JSONWriter({ jsonFile });
    using storage = new EventStorage(50);
    storage.putScalar("later", 1);
    storage.putScalar("earlier", 2, { iter: 49 });
    writer.write();
    writer.close();
    expect(await lines(jsonFile)).toEqual([
      { iteration: 49, earlier: 2 },
      { iteration: 50, later: 1 },
    ]);
  });

  it("adds to a file, without a last line that a crash cut short", async () => {
    const jsonFile = join(folder, "metrics.json");
    await writeFile(jsonFile, '{"iteration": 19, "loss": 1}\n{"iteration": 39, "lo');
    const writer = new JSONWriter({ jsonFile });
    using storage = new EventStorage(39);
    storage.putScalar("loss", 2);
    writer.write();
    writer.close();
    expect(await lines(jsonFile)).toEqual([
      { iteration: 19, loss: 1 },
      { iteration: 39, loss: 2 },
    ]);
  });

  it("drops what an interrupted run recorded after the checkpoint that training resumes from", async () => {
    const jsonFile = join(folder, "metrics.json");
    for (const iteration of [19, 39, 59]) {
      await appendFile(jsonFile, `{"iteration": ${iteration}, "loss": 1}\n`);
    }
    const writer = new JSONWriter({ jsonFile, startIter: 40 });
    using storage = new EventStorage(59);
    storage.putScalar("loss", 2);
    writer.write();
    writer.close();
    expect(await lines(jsonFile)).toEqual([
      { iteration: 19, loss: 1 },
      { iteration: 39, loss: 1 },
      { iteration: 59, loss: 2 },
    ]);
    expect(existsSync(`${jsonFile}.tmp`)).toBe(false);
  });
});
