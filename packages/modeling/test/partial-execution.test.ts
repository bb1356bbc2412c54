import { join } from "node:path";

import { buildModel, type GeneralizedRCNN, type MaskROIHeads } from "@detectron-ts/modeling";
import { Boxes, ImageList } from "@detectron-ts/structures";
import { fromNdarray } from "@detectron-ts/tensor";
import { goldenRoot, loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, expectTypeOf, it } from "vitest";

import { GoldenCase } from "./golden-case.ts";
import { noise, tinyConfig } from "./tiny-model.ts";

describe("partial execution", () => {
  it("reads as in detectron2's documentation", async () => {
    const model = buildModel(tinyConfig("COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x"));
    model.eval();
    const tensors = [fromNdarray(noise(60, 80), "float32")];

    const images = ImageList.fromTensors(tensors, model.backbone.sizeDivisibility);
    const features = model.backbone(images.tensor);
    const [proposals] = await model.proposalGenerator(images, features);
    const [instances] = await model.roiHeads(images, features, proposals);
    const pooled = model.roiHeads.maskPooler(
      model.roiHeads.inFeatures.map((f) => features[f]),
      instances.map((x) => x.predBoxes),
    );
    const maskFeatures = await pooled.toNdarray();

    expect(maskFeatures.shape).toEqual([instances[0].length, 16, 14, 14]);
    expectTypeOf(model).toEqualTypeOf<GeneralizedRCNN<MaskROIHeads>>();
  });

  it.runIf(goldenRoot())("gives detectron2's numbers down to the pooled features", async () => {
    const folder = join(goldenRoot() ?? "", "infer_mask_rcnn_R_50_FPN");
    const golden = new GoldenCase(folder);
    const partial = loadGolden(join(folder, "partial.safetensors"));
    const model = await golden.loadModel<GeneralizedRCNN<MaskROIHeads>>();

    const images = model.preprocessImage(golden.run("single").inputs);
    const features = model.backbone(images.tensor);
    const [proposals] = await model.proposalGenerator(images, features);
    const [instances] = await model.roiHeads(images, features, proposals);
    const boxes = instances.map(({ predBoxes }) => predBoxes);
    const inFeatures = model.roiHeads.inFeatures.map((name) => features[name]);
    const { boxes_px, features: atol } = golden.tolerances;
    const preprocessed = partial.float32("preprocessed_images");
    expect(await images.tensor.toNdarray()).toBeAllclose(preprocessed, { atol: 1e-4 });
    const recordedBoxes = partial.float32("pred_boxes");
    expect(boxes[0].tensor).toBeAllclose(recordedBoxes, { atol: boxes_px, rtol: 0 });

    // Pooled over the recorded boxes: over our own, features would differ by their slope times what boxes differ.
    const given = new Boxes(ndarray(recordedBoxes.data, [...recordedBoxes.shape]));
    const pooled = await model.roiHeads.maskPooler(inFeatures, [given]).toNdarray();
    expect(pooled).toBeAllclose(partial.float32("mask_features"), { atol, rtol: 0 });
  });
});
