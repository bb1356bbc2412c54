import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";

import { detectron, temporaryFolder } from "./command-line.ts";

const folder = await temporaryFolder();
const RETINANET = "COCO-Detection/retinanet_R_50_FPN_3x.yaml";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("detectron zoo", () => {
  it("lists all models with their results and the licence of the weights", async () => {
    const { code, stdout } = await detectron("zoo");
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(66);
    expect(lines[0].split(/\s{2,}/)).toEqual([
      "name",
      "schedule",
      "box AP",
      "mask AP",
      "kp AP",
      "PQ",
      "AR",
    ]);
    expect(lines.at(-1)).toBe("64 models, weights CC BY-SA 3.0");
    expect(stdout).toMatch(/^COCO-Detection\/retinanet_R_50_FPN_3x\.yaml +3x +38\.7$/m);
  });

  it("lists the models that are asked for, in the columns that they have", async () => {
    const { stdout } = await detectron("zoo", "list", "r_101", "--family", "retinanet");
    expect(stdout).toBe(
      [
        "name                                        schedule  box AP",
        "COCO-Detection/retinanet_R_101_FPN_3x.yaml  3x          40.4",
        "1 model, weights CC BY-SA 3.0",
        "",
      ].join("\n"),
    );
    const voc = await detectron("zoo", "--dataset", "pascal voc", "--json");
    expect(JSON.parse(voc.stdout)).toMatchObject([{ metrics: { boxAP: 51.9, boxAP50: 80.3 } }]);
    expect((await detectron("zoo", "list", "nothing like it")).stdout).toMatch("No model");
  });

  it("lists configs, lazy ones included", async () => {
    const { stdout } = await detectron("zoo", "list", "--configs", "fcos");
    expect(stdout).toBe("COCO-Detection/fcos_R_50_FPN_1x.py\n");
    const all = await detectron("zoo", "list", "--configs", "--json");
    expect(JSON.parse(all.stdout).length).toBeGreaterThan(120);
  });

  it("refuses a family that there isn't", async () => {
    const { code, stderr } = await detectron("zoo", "--family", "yolo");
    expect(code).toBe(2);
    expect(stderr).toMatch("--family yolo: wanted one of faster_rcnn,");
  });
});

describe("detectron zoo show", () => {
  it("shows what was published", async () => {
    const { code, stdout } = await detectron("zoo", "show", RETINANET);
    expect(code).toBe(0);
    expect(stdout).toBe(`${RETINANET}
  family             retinanet
  dataset            COCO
  schedule           3x
  box AP             38.7
  training           0.205 s per iteration on eight V100 GPUs
  inference          0.041 s per image on a V100 GPU
  training's memory  4.1 GB per GPU
  model id           190397829
  weights            https://dl.fbaipublicfiles.com/detectron2/COCO-Detection/retinanet_R_50_FPN_3x/190397829/model_final_5bd44e.pkl
  licence            CC BY-SA 3.0 (https://creativecommons.org/licenses/by-sa/3.0/)
`);
  });

  it("says which model may have been meant", async () => {
    const { code, stderr } = await detectron("zoo", "show", "COCO-Detection/retinanet_R_50_FPN_2x");
    expect(code).toBe(1);
    expect(stderr).toMatch("Did you mean COCO-Detection/retinanet_R_50_FPN_1x");
  });
});

describe("detectron zoo download", () => {
  it("leaves a file that is there, and says its licence", async () => {
    const file = join(folder, "model_final_5bd44e.pkl");
    await writeFile(file, "weights");
    const { code, stdout } = await detectron("zoo", "download", RETINANET, "--output", folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(`${file} (7 B)`);
    expect(stdout).toMatch("are licensed CC BY-SA 3.0 (https://creativecommons.org");
  });

  it("keeps downloads in the cache unless told otherwise", async () => {
    vi.stubEnv("DETECTRON_CACHE", folder);
    const path = "detectron2/COCO-Detection/retinanet_R_50_FPN_3x/190397829";
    await mkdir(join(folder, path), { recursive: true });
    await writeFile(join(folder, path, "model_final_5bd44e.pkl"), "weights");
    const { stdout } = await detectron("zoo", "download", RETINANET);
    vi.unstubAllEnvs();
    expect(stdout).toMatch(join(folder, path));
  });

  it("refuses a file with other digits than its name says", async () => {
    const bytes = "not these weights";
    const headers = { "content-length": `${bytes.length}` };
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(bytes, { headers })));
    const output = join(folder, "new", "weights.pkl");
    const { code, stderr } = await detectron("zoo", "download", RETINANET, "--output", output);
    expect(code).toBe(1);
    expect(stderr).toMatch("Downloading https://dl.fbaipublicfiles.com/");
    expect(stderr).toMatch("expected a checksum that starts with 5bd44e");
  });
});

describe("detectron config of a lazy config", () => {
  it("prints the tree with the overrides", async () => {
    const { code, stdout } = await detectron(
      "config",
      "COCO-Detection/fcos_R_50_FPN_1x.py",
      "--opts",
      "train.maxIter=5",
      "model.numClasses=3",
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^model:\n {2}_target_: FCOS\n/);
    expect(stdout).toMatch(/^ {2}maxIter: 5$/m);
  });

  it("says what is wrong with an override", async () => {
    const { code, stderr } = await detectron(
      "config",
      "COCO-Detection/fcos_R_50_FPN_1x.py",
      "--opts",
      "train.maxItre=5",
    );
    expect(code).toBe(1);
    expect(stderr).toMatch("Did you mean train.maxIter?");
  });
});
