import {
  BatchLengthError,
  buildModel,
  EmptyBatchError,
  type GeneralizedRCNN,
  MissingInputError,
  ModelImageError,
  ModelModeError,
  NonFiniteInputError,
  type ProposalNetwork,
} from "@detectron-ts/modeling";
import type { ROIHeads } from "@detectron-ts/roi-heads";
import { runtime } from "@detectron-ts/runtime";
import { BitMasks, Boxes, Instances } from "@detectron-ts/structures";
import { fromNdarray, tensor } from "@detectron-ts/tensor";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import { flattenHeads, noise, tinyConfig } from "./tiny-model.ts";

const MASK_RCNN = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x";

function maskRcnn() {
  const everything = {
    "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.001,
    "TEST.DETECTIONS_PER_IMAGE": 5,
  };
  return flattenHeads(buildModel(tinyConfig(MASK_RCNN, everything))).eval();
}

describe("preprocessImage", () => {
  it("normalises, then pads with zeros to a multiple of the backbone's divisibility", async () => {
    const model = maskRcnn();
    const image = noise(60, 80);
    const { tensor: batch, imageSizes } = model.preprocessImage([{ image }]);
    expect(imageSizes).toEqual([[60, 80]]);
    const values = await batch.toNdarray();
    expect(values.shape).toEqual([1, 3, 64, 96]);
    expect(values.get(0, 2, 59, 79)).toBeCloseTo(image.get(2, 59, 79) - 123.675, 4);
    expect([values.get(0, 0, 60, 0), values.get(0, 1, 0, 80)]).toEqual([0, 0]);
  });

  it("takes bytes, floats and tensors alike", async () => {
    const model = maskRcnn();
    const bytes = noise(32, 32);
    const floats = ndarray(Float32Array.from(bytes.data), bytes.shape);
    const inputs = [bytes, floats, fromNdarray(bytes)].map((image) => ({ image }));
    const [first, second, third] = await Promise.all(
      inputs.map((input) => model.preprocessImage([input]).tensor.data()),
    );
    expect(second).toEqual(first);
    expect(third).toEqual(first);
  });

  it.each([
    ["a gray image", [1, 8, 8]],
    ["channels last", [8, 8, 3]],
    ["a batch", [1, 3, 8, 8]],
    ["no pixels", [3, 0, 8]],
  ])("refuses %s", (_, shape) => {
    const size = shape.reduce((product, side) => product * side, 1);
    const image = ndarray(new Float32Array(size), shape);
    expect(() => maskRcnn().preprocessImage([{ image }])).toThrow(ModelImageError);
  });

  it("refuses integers that aren't bytes, and an empty batch", () => {
    const image = tensor(new Int32Array(3 * 4 * 4), { shape: [3, 4, 4] });
    expect(() => maskRcnn().preprocessImage([{ image }])).toThrow(ModelImageError);
    expect(() => maskRcnn().preprocessImage([])).toThrow(EmptyBatchError);
  });
});

describe("GeneralizedRCNN", () => {
  it("compiles nothing for images of other sizes", async () => {
    const model = maskRcnn();
    await model([{ image: noise(60, 80) }]);
    const { compilations } = runtime.stats();
    for (const [height, width] of [
      [33, 45],
      [64, 64],
      [97, 40],
      [40, 130],
    ]) {
      await model([{ image: noise(height, width) }]);
    }
    expect(runtime.stats().compilations).toBe(compilations);
  });

  it("gives the heads' own instances when asked not to postprocess", async () => {
    const model = maskRcnn();
    const inputs = [{ image: noise(60, 80), height: 600, width: 800 }];
    const [raw] = await model.inference(inputs, { doPostprocess: false });
    expect(raw.imageSize).toEqual([60, 80]);
    expect(raw.predMasks?.shape).toEqual([raw.length, 1, 28, 28]);
  });

  it("masks given boxes without looking for others", async () => {
    const model = maskRcnn();
    const given = new Instances([60, 80], {
      predBoxes: new Boxes([[10, 10, 40, 50]]),
      predClasses: ndarray(Int32Array.of(3)),
      scores: ndarray(Float32Array.of(0.5)),
    });
    const inputs = [{ image: noise(60, 80) }];
    const [{ instances }] = await model.inference(inputs, { detectedInstances: [given] });
    expect(instances.predBoxes.tensor).toBeAllclose(given.predBoxes.tensor);
    expect(instances.predMasks?.shape).toEqual([1, 60, 80]);
    await expect(model.inference(inputs, { detectedInstances: [] })).rejects.toThrow(
      BatchLengthError,
    );
  });

  it("needs proposals in the inputs when it has no generator of them", async () => {
    const cfg = tinyConfig("COCO-Detection/fast_rcnn_R_50_FPN_1x");
    const model = buildModel<GeneralizedRCNN<ROIHeads, undefined>>(cfg).eval();
    expect(model.proposalGenerator).toBeUndefined();
    const batch = [{ image: noise(60, 80) }];
    await expect(model.inference(batch)).rejects.toThrow(MissingInputError);
  });

  it.each([NaN, Infinity, -Infinity])("refuses given boxes with a coordinate of %d", async (x) => {
    const cfg = tinyConfig("COCO-Detection/fast_rcnn_R_50_FPN_1x");
    const fastRcnn = buildModel<GeneralizedRCNN<ROIHeads, undefined>>(cfg).eval();
    const input = (coordinate: number) => ({
      image: noise(60, 80),
      proposals: new Instances([60, 80], {
        proposalBoxes: new Boxes([
          [0, 0, 9, 9],
          [coordinate, 0, 9, 9],
        ]),
        objectnessLogits: ndarray(new Float32Array(2)),
      }),
    });
    const wrong = { field: "proposals", index: 1, row: 1, box: [x, 0, 9, 9] };
    const detections = fastRcnn.inference([input(0), input(x)]);
    await expect(detections).rejects.toThrow(NonFiniteInputError);
    await expect(detections).rejects.toMatchObject(wrong);

    const given = new Instances([60, 80], {
      predBoxes: new Boxes([[0, 0, x, 9]]),
      predClasses: ndarray(Int32Array.of(3)),
      scores: ndarray(Float32Array.of(0.5)),
    });
    const masked = maskRcnn().inference([input(0)], { detectedInstances: [given] });
    await expect(masked).rejects.toThrow(NonFiniteInputError);
    await expect(masked).rejects.toMatchObject({ field: "detectedInstances", index: 0, row: 0 });
  });

  it("gives the heads' losses before the proposals' in training", async () => {
    const model = maskRcnn().train();
    const instances = new Instances([60, 80], {
      gtBoxes: new Boxes([[10, 10, 40, 50]]),
      gtClasses: Int32Array.of(3),
      gtMasks: new BitMasks(ndarray(new Uint8Array(60 * 80).fill(1), [1, 60, 80])),
    });
    const losses = await model.losses([{ image: noise(60, 80), instances }]);
    expect(Object.keys(losses)).toEqual([
      "loss_cls",
      "loss_box_reg",
      "loss_mask",
      "loss_rpn_cls",
      "loss_rpn_loc",
    ]);
    for (const loss of Object.values(losses)) expect(Number.isFinite(await loss.item())).toBe(true);
    expect(await model([{ image: noise(60, 80), instances }])).toHaveProperty("loss_cls");
    await expect(model([{ image: noise(60, 80) }])).rejects.toThrow(MissingInputError);
  });

  it("refuses to detect in training and to give losses outside of it, and says what to call", async () => {
    const model = maskRcnn();
    await expect(model.losses([])).rejects.toThrow(ModelModeError);
    await expect(model.losses([])).rejects.toThrow(/losses\(\).*in evaluation.*train\(\)/);
    model.train();
    await expect(model.inference([])).rejects.toThrow(ModelModeError);
    await expect(model.inference([])).rejects.toThrow(/inference\(\).*in training.*eval\(\)/);
  });
});

describe("ProposalNetwork", () => {
  it("refuses to propose in training and to give losses outside of it", async () => {
    const cfg = tinyConfig("COCO-Detection/rpn_R_50_FPN_1x");
    const model = buildModel<ProposalNetwork>(cfg).eval();
    await expect(model.losses([])).rejects.toThrow(ModelModeError);
    model.train();
    await expect(model.inference([])).rejects.toThrow(ModelModeError);
  });
});
