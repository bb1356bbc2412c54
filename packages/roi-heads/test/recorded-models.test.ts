import { readFileSync } from "node:fs";
import { BackboneModule, buildBackbone } from "@detectron-ts/backbone";
import { EventStorage } from "@detectron-ts/events";
import { manualSeed } from "@detectron-ts/nn";
import { Instances, PolygonMasks, type ImageList } from "@detectron-ts/structures";
import { runtime } from "@detectron-ts/runtime";
import { grad, realize, type Parameter, type Tensor } from "@detectron-ts/tensor";
import { goldenRoot, goldenTensors, type Golden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  BaseROIHeads,
  buildRoiHeads,
  StandardROIHeads,
  type DetectionFields,
  type Features,
} from "../src/index.ts";
import {
  configFor,
  goldenPath,
  loadPart,
  preprocess,
  proposalsOf,
  toArray,
  toBoxes,
} from "./support.ts";

// Backbone and ROI heads of recorded models, on recorded images and proposals: all but the proposal network.

interface Recorded {
  readonly config: string;
  readonly overrides: readonly string[];
  readonly checkpoint: string | { readonly file: string };
  readonly tolerance_hint: { readonly boxes_px: number; readonly scores: number };
}

async function load(name: string) {
  const recorded: Recorded = JSON.parse(readFileSync(goldenPath(name, "case.json"), "utf8"));
  const { config, overrides, checkpoint } = recorded;
  const cfg = configFor(config, overrides);
  const backbone = buildBackbone(cfg);
  const roiHeads = buildRoiHeads(cfg, backbone.outputShape());
  if (!(backbone instanceof BackboneModule)) throw new TypeError("The backbone is no module");
  const file = goldenPath(name, typeof checkpoint === "string" ? checkpoint : checkpoint.file);
  await loadPart(backbone, "backbone.", file);
  await loadPart(roiHeads, "roi_heads.", file);
  const extract = (images: ImageList): Features => backbone(images.tensor);
  return { recorded, cfg, backbone, roiHeads, extract };
}

function expectInstances(
  instances: Instances<DetectionFields>,
  golden: Golden,
  image: number,
  { boxes_px, scores }: Recorded["tolerance_hint"],
): void {
  const field = (name: string) => `${image}.raw_instances.${name}`;
  expect([...instances.predClasses.data]).toEqual(
    [...golden.int64(field("pred_classes")).data].map(Number),
  );
  expect(instances.predBoxes.tensor).toBeAllclose(golden.float32(field("pred_boxes")), {
    atol: boxes_px,
    rtol: 0,
  });
  expect(instances.scores).toBeAllclose(golden.float32(field("scores")), { atol: scores, rtol: 0 });
  if (!golden.tensors.has(field("pred_masks"))) return;
  const masks = golden.float32(field("pred_masks"));
  const first = instances.select({ end: masks.shape[0] });
  expect(first.predMasks).toBeAllclose(masks, { atol: 3e-4, rtol: 0 });
}

const CASES = [
  "infer_mask_rcnn_R_50_FPN",
  "infer_mask_rcnn_R_50_FPN_cls_agnostic",
  "infer_mask_rcnn_R_50_FPN_dconv",
  "infer_scratch_mask_rcnn_R_50_FPN_gn",
  "infer_faster_rcnn_R_50_C4",
  "infer_faster_rcnn_R_50_DC5",
];

describe.runIf(goldenRoot())("with detectron2's recorded models", () => {
  it.each(CASES)("finds the instances of %s, in one image and in a batch", async (name) => {
    const { recorded, cfg, backbone, roiHeads, extract } = await load(name);
    backbone.eval();
    roiHeads.eval();
    const inputs = goldenTensors("inputs/inputs_184");
    let compilations = 0;
    for (const [run, indices] of [
      ["single", [0]],
      ["batch", [0, 1]],
      ["single", [0]],
    ] as const) {
      const golden = goldenTensors(`${name}/${run}`);
      const pixels = indices.map((i) => inputs.uint8(`${i}.image`));
      const images = preprocess(pixels, cfg.MODEL, backbone.sizeDivisibility);
      const features = extract(images);
      const proposals = indices.map((i) =>
        proposalsOf(toBoxes(golden.float32(`${i}.proposals.proposal_boxes`)), images.imageSizes[i]),
      );
      compilations = runtime.stats().compilations;
      const [instances, losses] = await roiHeads(images, features, proposals);
      expect(losses).toEqual({});
      indices.forEach((i) => expectInstances(instances[i], golden, i, recorded.tolerance_hint));
    }
    expect(runtime.stats().compilations).toBe(compilations);
  });

  it("pools the recorded mask features when a mask pooler is called on its own", async () => {
    const { cfg, backbone, roiHeads, extract } = await load("infer_mask_rcnn_R_50_FPN");
    backbone.eval();
    if (!(roiHeads instanceof StandardROIHeads) || !roiHeads.maskPooler) throw new TypeError();
    const golden = goldenTensors("infer_mask_rcnn_R_50_FPN/partial");
    const pixels = goldenTensors("inputs/inputs_184").uint8("0.image");
    const features = extract(preprocess([pixels], cfg.MODEL, backbone.sizeDivisibility));
    const pooled = roiHeads.maskPooler(
      roiHeads.inFeatures.map((name) => features[name]),
      [toBoxes(golden.float32("pred_boxes"))],
    );
    expect(await pooled.toNdarray()).toBeAllclose(golden.float32("mask_features"), {
      atol: 1.2e-4,
      rtol: 0,
    });
  });

  it("has the recorded losses and gradients of a training step", async () => {
    const name = "train_mask_rcnn_R_50_FPN";
    const { cfg, backbone, roiHeads, extract } = await load(name);
    if (!(roiHeads instanceof BaseROIHeads)) throw new TypeError();
    const { images: annotated } = JSON.parse(readFileSync(goldenPath(name, "case.json"), "utf8"));
    const inputs = goldenTensors(`${name}/inputs`);
    const rpn = goldenTensors(`${name}/proposals`);
    const images = preprocess(
      [0, 1].map((i) => inputs.uint8(`${i}.image`)),
      cfg.MODEL,
      backbone.sizeDivisibility,
    );
    const proposals = images.imageSizes.map((size, i) =>
      proposalsOf(toBoxes(rpn.float32(`${i}.proposals.proposal_boxes`)), size),
    );
    const targets = images.imageSizes.map(
      (size, i) =>
        new Instances(size, {
          gtBoxes: toBoxes(inputs.float32(`${i}.gt_boxes`)),
          gtClasses: ndarray(Int32Array.from(inputs.int64(`${i}.gt_classes`).data, Number)),
          gtMasks: new PolygonMasks(annotated[i].gt_polygons),
        }),
    );
    manualSeed(1);
    using storage = new EventStorage();
    const [, losses] = await roiHeads(images, extract(images), proposals, targets);

    const recorded: {
      losses: Record<string, number>;
      event_storage_scalars: Record<string, number>;
      gradients: Record<string, { l2: number }>;
    } = JSON.parse(readFileSync(goldenPath(name, "train.json"), "utf8"));
    const total = Object.values(losses).reduce((sum, loss) => sum.add(loss));
    const parameters = [...roiHeads.namedParameters()];
    const gradients = grad(
      total,
      parameters.map(([, parameter]: [string, Parameter]) => parameter),
    );
    await realize(total, ...Object.values(losses), ...gradients);

    expect(Object.keys(losses)).toEqual(["loss_cls", "loss_box_reg", "loss_mask"]);
    for (const [loss, value] of Object.entries(losses)) {
      expect((await value.item()) / recorded.losses[loss]).toBeCloseTo(1, 5);
    }
    await storage.settle();
    const scalars = [...storage.latest()].map(([scalar, { value }]) => [scalar, value]);
    const {
      "rpn/num_pos_anchors": _,
      "rpn/num_neg_anchors": __,
      ...ofRoiHeads
    } = recorded.event_storage_scalars;
    expect(Object.fromEntries(scalars)).toEqual(ofRoiHeads);
    const norm = (tensor: Tensor): number =>
      Math.hypot(...Array.from<number | bigint, number>(tensor.dataSync(), Number));
    parameters.forEach(([parameter], i) => {
      const { l2 } = recorded.gradients[`roi_heads.${parameter}`];
      expect(Math.abs(norm(gradients[i]) - l2)).toBeLessThan(1e-5 * l2 + 1e-7);
    });
    const complete = goldenTensors(`${name}/grads`);
    for (const parameter of [
      "box_head.fc2.weight",
      "box_predictor.cls_score.weight",
      "mask_head.deconv.weight",
    ]) {
      const at = parameters.findIndex(([other]) => other === parameter);
      const expected = toArray(complete.float32(`roi_heads.${parameter}`));
      expect(await gradients[at].toNdarray()).toBeAllclose(expected, { atol: 1e-6, rtol: 1e-5 });
    }
  });
});
