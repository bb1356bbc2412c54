import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { writeSafetensors } from "@detectron-ts/checkpoint";
import type { Config } from "@detectron-ts/config";
import {
  DefaultPredictor,
  MissingWeightsError,
  PredictorClosedError,
  PredictorImageError,
  setupConfig,
  WorkerPredictionError,
  WorkerPredictor,
} from "@detectron-ts/engine";
import { buildModel, type PanopticOutput } from "@detectron-ts/modeling";
import ndarray from "ndarray";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// The thread runs the sources, as the tests do.
const register = new URL("register-tsx.mjs", import.meta.url).href;
const execArgv = ["--conditions", "@detectron-ts/source", "--import", register];

const TINY = [
  "MODEL.RESNETS.STEM_OUT_CHANNELS=8",
  "MODEL.RESNETS.WIDTH_PER_GROUP=4",
  "MODEL.RESNETS.RES2_OUT_CHANNELS=16",
  "MODEL.FPN.OUT_CHANNELS=16",
  "MODEL.ROI_BOX_HEAD.FC_DIM=16",
  "MODEL.ROI_MASK_HEAD.CONV_DIM=8",
  "MODEL.ROI_HEADS.SCORE_THRESH_TEST=0.001",
  "TEST.DETECTIONS_PER_IMAGE=5",
  "INPUT.MIN_SIZE_TEST=64",
];

describe("WorkerPredictor", () => {
  const configFile = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x";
  const image = ndarray(
    Uint8Array.from({ length: 48 * 64 * 3 }, (_, i) => (i * 7) % 256),
    [48, 64, 3],
  );
  let folder: string;
  let cfg: Config;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "engine-test-"));
    const weights = join(folder, "random.safetensors");
    cfg = setupConfig({ configFile, opts: TINY, weights });
    await saveRandomWeights(weights, cfg);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("finds what a predictor on this thread finds", async () => {
    const here = await (await DefaultPredictor.create(cfg)).predict(image);
    await using predictor = await WorkerPredictor.create(cfg, { execArgv });
    const there = await predictor.predict(image);

    expect(there.instances.length).toBeGreaterThan(0);
    expect(there.instances.imageSize).toEqual([48, 64]);
    expect(Object.keys(there.instances.fields())).toEqual(Object.keys(here.instances.fields()));
    const { predBoxes, scores, predClasses, predMasks } = there.instances;
    expect(predBoxes.tensor).toBeAllclose(here.instances.predBoxes.tensor, { atol: 1e-4 });
    expect(scores).toBeAllclose(here.instances.scores);
    expect(predClasses).toBeAllclose(here.instances.predClasses, { atol: 0 });
    expect(predMasks?.shape).toEqual(here.instances.predMasks?.shape);
  });

  it("leaves the event loop free while it computes", async () => {
    await using predictor = await WorkerPredictor.create(cfg, { execArgv });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await Promise.all([predictor.predict(image), predictor.predict(image)]);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  it("refuses what is no image, and anything after it was closed", async () => {
    const predictor = await WorkerPredictor.create(cfg, { execArgv });
    const gray = ndarray(new Uint8Array(16), [4, 4]);
    await expect(predictor.predict(gray)).rejects.toThrow(PredictorImageError);
    const [unanswered] = await Promise.allSettled([predictor.predict(image), predictor.close()]);
    expect(unanswered).toMatchObject({ reason: expect.any(PredictorClosedError) });
    await expect(predictor.predict(image)).rejects.toThrow(PredictorClosedError);
  });

  it("tells why its thread couldn't start", async () => {
    const weights = join(folder, "absent.pth");
    const creation = WorkerPredictor.create(cfg, { weights, execArgv });
    await expect(creation).rejects.toThrow(WorkerPredictionError);
    await expect(creation).rejects.toMatchObject({ causeName: "CheckpointNotFoundError" });
    const empty = WorkerPredictor.create(cfg, { weights: "", execArgv });
    await expect(empty).rejects.toThrow(MissingWeightsError);
  });

  it("imports the modules that register what the config names", async () => {
    const file = join(folder, "failing.mjs");
    await writeFile(file, "throw new RangeError('imported');");
    const creation = WorkerPredictor.create(cfg, { imports: [pathToFileURL(file)], execArgv });
    await expect(creation).rejects.toMatchObject({ causeName: "RangeError" });
  });

  it("brings semantic and panoptic maps from its thread", async () => {
    const weights = join(folder, "panoptic.safetensors");
    const opts = [...TINY, "MODEL.SEM_SEG_HEAD.CONVS_DIM=32"];
    const panoptic = setupConfig({
      configFile: "COCO-PanopticSegmentation/panoptic_fpn_R_50_1x",
      opts,
      weights,
    });
    await saveRandomWeights(weights, panoptic);
    await using predictor = await WorkerPredictor.create<PanopticOutput>(panoptic, { execArgv });
    const here = await DefaultPredictor.create<PanopticOutput>(panoptic);

    const [found, expected] = [await predictor.predict(image), await here.predict(image)];
    expect(found.semSeg.imageSize).toEqual([48, 64]);
    expect(found.semSeg.numClasses).toBe(expected.semSeg.numClasses);
    expect((await found.semSeg.argmax()).data).toEqual((await expected.semSeg.argmax()).data);
    expect(found.panopticSeg.segmentsInfo).toEqual(expected.panopticSeg.segmentsInfo);
    expect(found.panopticSeg.panopticSeg.shape).toEqual([48, 64]);
    expect(found.panopticSeg.panopticSeg.data).toEqual(expected.panopticSeg.panopticSeg.data);
    expect(found.instances.length).toBe(expected.instances.length);
  });
});

/** Saves a config's model as it is built. */
async function saveRandomWeights(path: string, cfg: Config): Promise<void> {
  const tensors = [...buildModel(cfg).stateDict()].map(
    ([name, variable]) =>
      [name, { shape: variable.shape, dtype: variable.dtype, data: variable.dataSync() }] as const,
  );
  await writeSafetensors(path, new Map(tensors));
}
