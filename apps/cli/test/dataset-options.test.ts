import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatasetCatalog, MetadataCatalog } from "@detectron-ts/data";
import { beforeAll, describe, expect, it } from "vitest";

import { parseDatasetSpec } from "../src/datasets/dataset-spec.ts";
import { registerDatasets } from "../src/datasets/register-datasets.ts";
import { DEMO_FILES } from "../src/demo-files.ts";
import { detectron, temporaryFolder } from "./command-line.ts";
import { CLASSES, writeCoco, writePennFudan, writeVoc } from "./datasets.ts";

const folder = await temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);

/** The datasets that somebody registered. */
const registeredNames = () => DatasetCatalog.list().filter((name) => !DatasetCatalog.builtin(name));

describe("--dataset", () => {
  it.each([
    ["a=b.json,c", { format: "coco", annotations: "b.json", images: "c" }],
    ["a=b.json,c, d", { format: "coco", annotations: "b.json", images: "c, d" }],
    ["a=x,y/b.json,c", { format: "coco", annotations: "x,y/b.json", images: "c" }],
    ["a=b.geojson5,c", { format: "coco", annotations: "b.geojson5", images: "c" }],
    ["a=k=v.json,c", { format: "coco", annotations: "k=v.json", images: "c" }],
    ["a=voc:r,test", { format: "voc", root: "r", split: "test" }],
    [
      "a=voc:r,test,cat,hot dog",
      { format: "voc", root: "r", split: "test", classes: ["cat", "hot dog"] },
    ],
    ["a=penn-fudan:r", { format: "penn-fudan", root: "r" }],
    ["a=penn-fudan:r,cell", { format: "penn-fudan", root: "r", className: "cell" }],
  ])("reads %s", (text, source) => {
    expect(parseDatasetSpec(text)).toEqual({ name: "a", source });
  });

  it.each([
    ["b.json,c"],
    ["=b.json,c"],
    ["a="],
    ["a=b.json"],
    ["a=b.json,"],
    ["a=b,c,d"],
    ["a=voc:r"],
    ["a=voc:,test"],
    ["a=voc:r,test,cat,,dog"],
    ["a=pennfudan:r"],
    ["a=penn-fudan:"],
    ["a=penn-fudan:r,cell,nucleus"],
  ])("says what it wants instead of %s, and exits with 2", async (text) => {
    const { code, stderr } = await detectron("check-data", "--dataset", text);
    expect(code).toBe(2);
    expect(stderr).toContain(
      "Wanted NAME=ANNOTATIONS.json,IMAGE_DIR or NAME=voc:ROOT,SPLIT[,CLASS,CLASS…] or NAME=penn-fudan:ROOT[,CLASS].",
    );
  });

  it("registers datasets of all kinds for as long as they are needed", async () => {
    const coco = await writeCoco(at("coco"));
    const voc = await writeVoc(at("voc_2007"));
    const penn = await writePennFudan(at("penn"));
    const texts = [
      `c=${coco.location}`,
      `v_2007=voc:${voc},test,${CLASSES.join(",")}`,
      `p=penn-fudan:${penn},fruit`,
    ];
    {
      using datasets = await registerDatasets(
        texts.flatMap((text) => parseDatasetSpec(text) ?? []),
      );
      expect(datasets.names).toEqual(["c", "v_2007", "p"]);
      for (const name of datasets.names) {
        const [{ annotations }] = await DatasetCatalog.get(name);
        expect(annotations).toHaveLength(12);
      }
      const classes = datasets.names.map((name) => MetadataCatalog.get(name).get("thingClasses"));
      expect(classes).toEqual([CLASSES, CLASSES, ["fruit"]]);
      expect(MetadataCatalog.get("v_2007").get("year")).toBe(2007);
    }
    expect(registeredNames()).toEqual([]);
    expect(MetadataCatalog.list()).toEqual([]);
  });

  it("leaves nothing registered behind a command, be it that it fails", async () => {
    const { location } = await writeCoco(at("left"));
    for (const annotations of [location, location.replace("annotations.json", "none.json")]) {
      await detectron("check-data", "--dataset", `a=${annotations}`);
      expect(registeredNames()).toEqual([]);
      expect(MetadataCatalog.list()).toEqual([]);
    }
  });
});

describe("--dataset whose files aren't there", () => {
  beforeAll(async () => {
    await mkdir(at("images"));
    await writeFile(at("a.json"), "{}");
    await mkdir(at("lists", "Annotations"), { recursive: true });
    await mkdir(at("lists", "ImageSets", "Main"), { recursive: true });
    await writeFile(at("lists", "ImageSets", "Main", "train.txt"), "");
    await writeFile(at("lists", "ImageSets", "Main", "val.txt"), "");
  });

  it.each([
    ["annotations", `${at("b.json")},${at("images")}`, `${at("b.json")} isn't there`],
    ["annotations in a folder", `${at("images")},${at("images")}`, "is a folder; wanted a file"],
    ["a folder of images", `${at("a.json")},${at("photos")}`, `${at("photos")} isn't there`],
    ["images in a file", `${at("a.json")},${at("a.json")}`, "is a file; wanted a folder"],
    ["a VOC folder", `voc:${at("voc")},test`, `${at("voc", "Annotations")} isn't there`],
    ["a list of a VOC folder", `voc:${at("lists")},test`, "the folder has train, val"],
    ["masks", `penn-fudan:${at("lists")}`, `${at("lists", "PNGImages")} isn't there`],
  ])("is told of missing %s", async (_, location, message) => {
    const { code, stderr } = await detectron("visualize-data", "--dataset", `set=${location}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: Dataset "set": [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});

describe("datasets that a config names", () => {
  it("are to be registered, and the error says how", async () => {
    const { code, stderr } = await detectron("check-data", "--config-file", DEMO_FILES.config);
    expect(code).toBe(2);
    expect(stderr).toBe(
      'error: DATASETS.TRAIN names "fruits_nuts_train", which is not registered: add --dataset with ' +
        "fruits_nuts_train=ANNOTATIONS.json,IMAGE_DIR or fruits_nuts_train=voc:ROOT,SPLIT[,CLASS,CLASS…] " +
        "or fruits_nuts_train=penn-fudan:ROOT[,CLASS]\n",
    );
  });

  it("are not needed where datasets are given", async () => {
    const { location } = await writeCoco(at("given"));
    const argv = ["--config-file", DEMO_FILES.config, "--dataset", `other=${location}`];
    const { code, stderr } = await detectron("check-data", ...argv);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  it("have to be there, somewhere", async () => {
    for (const command of ["check-data", "visualize-data"]) {
      const { code, stderr } = await detectron(command);
      expect(code).toBe(2);
      expect(stderr).toContain(
        "There is no dataset to look at: add --dataset NAME=ANNOTATIONS.json",
      );
    }
  });
});
