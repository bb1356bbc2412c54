import { OptionError } from "@detectron-ts/layers";
import {
  buildModel,
  buildSemSegHead,
  MissingInputError,
  ModelModeError,
  ModelOptionsError,
  type ModelInput,
  type PanopticFPN,
  type PanopticOutput,
  SEM_SEG_HEADS_REGISTRY,
  SemanticSegmentation,
  SemanticSegmentor,
  SemSegFPNHead,
  type SemSegOutput,
  semSegPostprocess,
  SemSegLabelError,
  SemSegSizeError,
} from "@detectron-ts/modeling";
import { runtime } from "@detectron-ts/runtime";
import { BitMasks, Boxes, Instances } from "@detectron-ts/structures";
import { tensor } from "@detectron-ts/tensor";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import { flattenHeads, noise, type Overrides, tinyConfig } from "./tiny-model.ts";
import { listConfigs } from "./zoo-config.ts";

const SEMANTIC = "Misc/semantic_R_50_FPN_1x.yaml";
const PANOPTIC = "COCO-PanopticSegmentation/panoptic_fpn_R_50_1x.yaml";
const NARROW_HEAD = { "MODEL.SEM_SEG_HEAD.CONVS_DIM": 32, "MODEL.SEM_SEG_HEAD.NUM_CLASSES": 5 };

function segmentor(overrides: Overrides = {}): SemanticSegmentor {
  return buildModel<SemanticSegmentor>(tinyConfig(SEMANTIC, { ...NARROW_HEAD, ...overrides }));
}

function panopticFpn(overrides: Overrides = {}): PanopticFPN {
  const cfg = tinyConfig(PANOPTIC, {
    ...NARROW_HEAD,
    "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.001,
    "TEST.DETECTIONS_PER_IMAGE": 5,
    ...overrides,
  });
  return flattenHeads(buildModel<PanopticFPN>(cfg));
}

/** An image with one object, and labels that are all the same. */
function trainingInput(height: number, width: number, label = 1): ModelInput {
  const instances = new Instances([height, width], {
    gtBoxes: new Boxes([[5, 5, 30, 30]]),
    gtClasses: Int32Array.of(3),
    gtMasks: new BitMasks(ndarray(new Uint8Array(height * width).fill(1), [1, height, width])),
  });
  const semSeg = ndarray(new Int32Array(height * width).fill(label), [height, width]);
  return { image: noise(height, width), instances, semSeg };
}

describe("SemSegFPNHead", () => {
  const shape = (stride: number) => ({ channels: 8, stride });

  it("halves the stride of a feature with each convolution, as often as it needs", () => {
    const head = new SemSegFPNHead({
      inputShape: { p5: shape(32), p2: shape(4), p3: shape(8) },
      numClasses: 3,
      convDims: 4,
      commonStride: 4,
    });
    expect(head.inFeatures).toEqual(["p2", "p3", "p5"]);
    expect([...head.namedParameters()].map(([name]) => name)).toEqual(
      ["p2.0", "p3.0", "p5.0", "p5.2", "p5.4", "predictor"].flatMap((name) => [
        `${name}.weight`,
        `${name}.bias`,
      ]),
    );
  });

  it("refuses features that it can't bring to the common stride, or none at all", () => {
    const build = (inputShape: Record<string, { channels: number; stride: number }>) => () =>
      new SemSegFPNHead({ inputShape, numClasses: 3, convDims: 4, commonStride: 4 });
    expect(build({})).toThrow(OptionError);
    expect(build({ p1: shape(2) })).toThrow(/the stride of p1/);
    expect(build({ odd: shape(12) })).toThrow(OptionError);
  });

  it("can be replaced by a head that users register", () => {
    class Custom extends SemSegFPNHead {}
    SEM_SEG_HEADS_REGISTRY.register("Custom", (_cfg, inputShape) => {
      const options = { inputShape, numClasses: 2, convDims: 4, commonStride: 4 };
      return new Custom(options);
    });
    const cfg = tinyConfig(SEMANTIC, { "MODEL.SEM_SEG_HEAD.NAME": "Custom" });
    expect(buildSemSegHead(cfg, { p2: shape(4) })).toBeInstanceOf(Custom);
  });
});

describe("semSegPostprocess", () => {
  it("cuts the padding off, and samples the rest between the centres of pixels", async () => {
    const padded = tensor(Float32Array.of(0, 4, 99, 8, 12, 99, 99, 99, 99), { shape: [1, 3, 3] });
    const mapped = semSegPostprocess(padded, [2, 2], 2, 4);
    expect(mapped.shape).toEqual([1, 2, 4]);
    expect(await mapped.data()).toBeAllclose([0, 1, 3, 4, 8, 9, 11, 12]);
  });
});

describe("SemanticSegmentation", () => {
  it("has the first of the classes with the largest logit", async () => {
    const logits = tensor(Float32Array.of(1, 0, 2, 1, 3, 2), { shape: [3, 1, 2] });
    const semSeg = new SemanticSegmentation(logits);
    expect([semSeg.numClasses, ...semSeg.imageSize]).toEqual([3, 1, 2]);
    const labels = await semSeg.argmax();
    expect(labels.shape).toEqual([1, 2]);
    expect([...labels.data]).toEqual([2, 2]);
    const tied = new SemanticSegmentation(tensor(Float32Array.of(1, 1), { shape: [2, 1, 1] }));
    expect([...(await tied.argmax()).data]).toEqual([0]);
  });
});

describe("SemanticSegmentor", () => {
  it("labels the pixels of a batch of two sizes, and compiles nothing for others", async () => {
    const model = segmentor().eval();
    const label = async (inputs: ModelInput[]): Promise<(readonly number[])[]> => {
      const outputs = await model.inference(inputs);
      return Promise.all(outputs.map(async ({ semSeg }) => (await semSeg.argmax()).shape));
    };
    const shapes = await label([
      { image: noise(60, 80) },
      { image: noise(72, 50), height: 144, width: 100 },
    ]);
    expect(shapes).toEqual([
      [60, 80],
      [144, 100],
    ]);
    const { compilations } = runtime.stats();
    await label([{ image: noise(97, 40) }, { image: noise(33, 45), height: 20, width: 300 }]);
    expect(runtime.stats().compilations).toBe(compilations);
  });

  it("computes the backbone once, whatever is asked of its output", async () => {
    const model = segmentor().eval();
    const [{ semSeg }] = await model.inference([{ image: noise(64, 64) }]);
    const { runs } = runtime.stats();
    const labels = await semSeg.argmax();
    expect(await semSeg.argmax()).toEqual(labels);
    expect(runtime.stats().runs).toBe(runs + 1);
    const logits = await semSeg.logits.toNdarray();
    expect(logits.shape).toEqual([5, 64, 64]);
    expect(runtime.stats().runs).toBe(runs + 2);
  });

  it("does not learn from what is ignored: a batch of nothing else has no loss", async () => {
    const model = segmentor().train();
    const loss = async (inputs: ModelInput[]): Promise<number> =>
      (await model.losses(inputs)).loss_sem_seg.item();
    const one = await loss([trainingInput(64, 64)]);
    const ignored = trainingInput(64, 64, 255);
    expect(await loss([ignored])).toBe(0);
    expect(one).toBeGreaterThan(0);
    // Of another size, so that the first is padded with what is ignored.
    const padded = await loss([trainingInput(64, 64), trainingInput(96, 32, 255)]);
    expect(Number.isFinite(padded)).toBe(true);
  });

  it("needs labels of each pixel in training, and refuses those that it can't learn from", async () => {
    const model = segmentor().train();
    const image = noise(60, 80);
    const train = (semSeg: ModelInput["semSeg"]): Promise<unknown> =>
      model.losses([{ image, ...(semSeg && { semSeg }) }]);
    await expect(train(undefined)).rejects.toThrow(MissingInputError);
    const turned = ndarray(new Uint8Array(80 * 60), [80, 60]);
    await expect(train(turned)).rejects.toThrow(SemSegSizeError);
    const labels = ndarray(new Int32Array(60 * 80), [60, 80]);
    labels.set(3, 7, 5);
    await expect(train(labels)).rejects.toThrow(SemSegLabelError);
    await expect(train(labels)).rejects.toMatchObject({ index: 0, position: [3, 7], label: 5 });
    labels.set(3, 7, -1);
    await expect(train(labels)).rejects.toThrow("wanted 0 to 4, or 255");
  });

  it("refuses to segment in training and to give losses outside of it", async () => {
    const model = segmentor();
    await expect(model.inference([])).rejects.toThrow(ModelModeError);
    await expect(model.eval().losses([])).rejects.toThrow(ModelModeError);
  });
});

describe("PanopticFPN", () => {
  it("gives instances, labels of pixels and segments of one size", async () => {
    const outputs = await panopticFpn()
      .eval()
      .inference([{ image: noise(60, 80) }, { image: noise(72, 50), height: 144, width: 100 }]);
    for (const { instances, semSeg, panopticSeg } of outputs) {
      const [height, width] = instances.imageSize;
      expect(instances.predMasks?.shape).toEqual([instances.length, height, width]);
      expect(semSeg.imageSize).toEqual([height, width]);
      expect(panopticSeg.panopticSeg.shape).toEqual([height, width]);
      const ids = new Set(panopticSeg.panopticSeg.data);
      for (const { id } of panopticSeg.segmentsInfo) ids.delete(id);
      ids.delete(0);
      expect([...ids]).toEqual([]);
    }
  });

  it("compiles nothing for images of other sizes", async () => {
    const model = panopticFpn().eval();
    await model.inference([{ image: noise(60, 80) }]);
    const { compilations } = runtime.stats();
    await model.inference([{ image: noise(97, 40), height: 200, width: 90 }]);
    expect(runtime.stats().compilations).toBe(compilations);
  });

  it("gives what the heads give when asked not to postprocess", async () => {
    const inputs = [{ image: noise(60, 80), height: 600, width: 800 }];
    const raw = await panopticFpn().eval().inference(inputs, { doPostprocess: false });
    expect(raw.instances[0].imageSize).toEqual([60, 80]);
    expect(raw.semSeg.shape).toEqual([1, 5, 64, 96]);
  });

  it("has detectron2's losses in its order, and needs objects and labels for them", async () => {
    const model = panopticFpn().train();
    const input = trainingInput(60, 80);
    expect(Object.keys(await model.losses([input]))).toEqual([
      "loss_sem_seg",
      "loss_rpn_cls",
      "loss_rpn_loc",
      "loss_cls",
      "loss_box_reg",
      "loss_mask",
    ]);
    const { semSeg: _semSeg, ...objects } = input;
    await expect(model.losses([objects])).rejects.toThrow(/`semSeg`/);
    const { instances: _instances, ...labels } = input;
    await expect(model.losses([labels])).rejects.toThrow(/`instances`/);
    await expect(model.inference([input])).rejects.toThrow(ModelModeError);
  });

  it("has cascaded heads where the config says so", async () => {
    const model = panopticFpn({
      "MODEL.ROI_HEADS.NAME": "CascadeROIHeads",
      "MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG": true,
    });
    const names = Object.keys(await model.losses([trainingInput(60, 80)]));
    expect(names).toHaveLength(10);
    expect(names).toContain("loss_box_reg_stage2");
    const [{ panopticSeg }] = await model.eval().inference([{ image: noise(60, 80) }]);
    expect(panopticSeg.panopticSeg.shape).toEqual([60, 80]);
  });

  it("can't scale the losses of heads that have no weights for them", () => {
    const build = () =>
      panopticFpn({ "MODEL.PANOPTIC_FPN.INSTANCE_LOSS_WEIGHT": 0.5, "MODEL.MASK_ON": false });
    expect(build).toThrow(ModelOptionsError);
    expect(build).toThrow(/INSTANCE_LOSS_WEIGHT is 0\.5/);
  });
});

describe("configs of detectron2 that segment, made narrow, run and train", () => {
  const narrow = {
    "MODEL.RESNETS.STEM_OUT_CHANNELS": 32,
    "MODEL.RESNETS.WIDTH_PER_GROUP": 32,
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 32,
    "MODEL.FPN.OUT_CHANNELS": 32,
    "MODEL.ROI_BOX_HEAD.CONV_DIM": 32,
    "MODEL.ROI_MASK_HEAD.CONV_DIM": 32,
  };

  it.each(listConfigs().filter((name) => /panoptic|semantic/i.test(name)))("%s", async (name) => {
    const cfg = tinyConfig(name, { ...narrow, "MODEL.SEM_SEG_HEAD.CONVS_DIM": 32 });
    const model = flattenHeads(buildModel<PanopticFPN | SemanticSegmentor>(cfg));
    const losses = Object.entries(await model.losses([trainingInput(32, 32)]));
    const values = await Promise.all(losses.map(([, loss]) => loss.item()));
    expect(values.filter((value) => !Number.isFinite(value))).toEqual([]);
    const outputs: (SemSegOutput & Partial<PanopticOutput>)[] = await model
      .eval()
      .inference([{ image: noise(32, 32), height: 30, width: 40 }]);
    const [{ semSeg, instances, panopticSeg }] = outputs;
    expect((await semSeg.argmax()).shape).toEqual([30, 40]);
    const isPanoptic = name.includes("anoptic");
    expect(panopticSeg?.panopticSeg.shape).toEqual(isPanoptic ? [30, 40] : undefined);
    expect(instances?.predMasks?.shape.slice(1)).toEqual(isPanoptic ? [30, 40] : undefined);
  });
});
