import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";

import {
  DatasetCatalog,
  DATASETS_VARIABLE,
  getFedLossClsWeights,
  MetadataCatalog,
  MetadataError,
} from "../src/index.ts";

interface Recorded {
  readonly datasets: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const { datasets }: Recorded = JSON.parse(
  readFileSync(new URL("./golden/builtin-metadata.json", import.meta.url), "utf8"),
);

const snakeCase = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Lists as the recording has them: how long they are, and a digest of what they are. */
function digest(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const list = value instanceof Map ? [...value] : value;
  if (!Array.isArray(list)) throw new Error("metadata is text, a number, a list or a map");
  const hash = createHash("sha256").update(JSON.stringify(list)).digest("hex");
  return [list.length, hash.slice(0, 16)];
}

afterEach(() => vi.unstubAllEnvs());

describe("builtin datasets", () => {
  it("are the 52 of detectron2", () => {
    expect(Object.keys(datasets)).toHaveLength(52);
    expect(DatasetCatalog.list().sort()).toEqual(Object.keys(datasets).sort());
  });

  it.each(Object.keys(datasets))("%s has detectron2's metadata", (name) => {
    vi.stubEnv(DATASETS_VARIABLE, "/sets");
    const ours = Object.entries(MetadataCatalog.get(name).asDict()).map(([key, value]) => [
      snakeCase(key),
      typeof value === "string" && value.startsWith("/sets/")
        ? value.slice("/sets/".length)
        : digest(value),
    ]);
    expect(Object.fromEntries(ours)).toEqual(datasets[name]);
  });

  it("are looked for where the variable says at the time, or in datasets", () => {
    const { root, home } = { root: join("datasets", "VOC2007"), home: join("sets", "VOC2007") };
    vi.stubEnv(DATASETS_VARIABLE, undefined);
    expect(MetadataCatalog.get("voc_2007_val").get("dirname")).toBe(root);
    vi.stubEnv(DATASETS_VARIABLE, "~/sets");
    vi.stubEnv("HOME", "/home/someone");
    expect(MetadataCatalog.get("voc_2007_val").get("dirname")).toBe(join("/home/someone", home));
  });

  it("have metadata that may be set otherwise before they are loaded", () => {
    const metadata = MetadataCatalog.get("cityscapes_fine_sem_seg_test");
    expect(metadata.get("ignoreLabel")).toBe(255);
    metadata.set({ ignoreLabel: 0 });
    expect(metadata.get("ignoreLabel")).toBe(0);
    expect(metadata.get("stuffClasses")).toHaveLength(19);
    MetadataCatalog.remove("cityscapes_fine_sem_seg_test");
  });
});

describe("getFedLossClsWeights", () => {
  it("raises counts of images to a power", () => {
    const weights = getFedLossClsWeights("lvis_v1_train", 0.5);
    expect(weights).toHaveLength(1203);
    // detectron2: tensor([64, 364, 1911, …]) ** 0.5
    expect([...weights.subarray(0, 3)]).toEqual([
      8,
      Math.fround(19.078784028338912),
      Math.fround(43.71498598878879),
    ]);
    expect(getFedLossClsWeights(["lvis_v1_train", "lvis_v1_val"])).toEqual(
      getFedLossClsWeights("lvis_v1_train"),
    );
  });

  it("refuses datasets without counts, or with others", () => {
    expect(() => getFedLossClsWeights("coco_2017_train")).toThrow(MetadataError);
    MetadataCatalog.get("fed-other").set({ classImageCount: [1, 2] });
    expect(() => getFedLossClsWeights(["lvis_v1_train", "fed-other"])).toThrow(
      'is not that of dataset "lvis_v1_train"',
    );
  });
});
