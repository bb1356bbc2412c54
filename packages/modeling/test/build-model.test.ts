import { configure, NotRegisteredError } from "@detectron-ts/config";
import { OptionError } from "@detectron-ts/layers";
import {
  buildModel,
  GeneralizedRCNN,
  META_ARCH_REGISTRY,
  ModelOptionsError,
  ProposalNetwork,
} from "@detectron-ts/modeling";
import { Module } from "@detectron-ts/nn";
import "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import { flattenHeads, noise, tinyConfig } from "./tiny-model.ts";

describe("models of the two-stage families", () => {
  // All classes are equally likely, far below the usual threshold.
  const everything = {
    "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.001,
    "TEST.DETECTIONS_PER_IMAGE": 7,
  };
  const shallow = (depth: number) => ({
    "MODEL.RESNETS.DEPTH": depth,
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 64,
  });
  // A multiple of 32 channels everywhere.
  const grouped = {
    "MODEL.RESNETS.STEM_OUT_CHANNELS": 32,
    "MODEL.RESNETS.WIDTH_PER_GROUP": 32,
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 32,
    "MODEL.FPN.OUT_CHANNELS": 32,
    "MODEL.ROI_BOX_HEAD.CONV_DIM": 32,
    "MODEL.ROI_MASK_HEAD.CONV_DIM": 32,
  };

  it.each([
    ["ResNet-18", "COCO-Detection/faster_rcnn_R_50_FPN_1x", shallow(18)],
    ["ResNet-34", "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x", shallow(34)],
    ["ResNet-101", "COCO-Detection/faster_rcnn_R_101_FPN_3x", {}],
    ["ResNeXt", "COCO-InstanceSegmentation/mask_rcnn_X_101_32x8d_FPN_3x", {}],
    ["C4 with masks", "COCO-InstanceSegmentation/mask_rcnn_R_50_C4_1x", {}],
    ["DC5 with masks", "COCO-InstanceSegmentation/mask_rcnn_R_50_DC5_1x", {}],
    ["C4 for VOC", "PascalVOC-Detection/faster_rcnn_R_50_C4", {}],
    ["FPN for VOC", "PascalVOC-Detection/faster_rcnn_R_50_FPN", {}],
    ["GroupNorm", "Misc/mask_rcnn_R_50_FPN_3x_gn", grouped],
    ["RGB input", "COCO-Detection/faster_rcnn_R_50_FPN_1x", { "INPUT.FORMAT": "RGB" }],
    ["keypoints", "COCO-Keypoints/keypoint_rcnn_R_50_FPN_1x", {}],
    [
      "keypoints and masks",
      "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x",
      { "MODEL.KEYPOINT_ON": true },
    ],
    ["cascade with masks", "Misc/cascade_mask_rcnn_R_50_FPN_1x", {}],
    ["cascade with keypoints", "Misc/cascade_mask_rcnn_R_50_FPN_3x", { "MODEL.KEYPOINT_ON": true }],
    [
      "cascade, deformable with GroupNorm",
      "Misc/cascade_mask_rcnn_X_152_32x8d_FPN_IN5k_gn_dconv",
      { ...grouped, "MODEL.RESNETS.DEPTH": 50, "MODEL.RESNETS.WIDTH_PER_GROUP": 1 },
    ],
    [
      "maxima of regions",
      "COCO-Detection/faster_rcnn_R_50_FPN_1x",
      { "MODEL.ROI_BOX_HEAD.POOLER_TYPE": "ROIPool" },
    ],
  ])("%s finds instances in a batch of two sizes", async (_, name, overrides) => {
    const cfg = tinyConfig(name, { ...everything, ...overrides });
    const model = flattenHeads(buildModel(cfg)).eval();
    const outputs = await model.inference([
      { image: noise(60, 80) },
      { image: noise(72, 50), height: 144, width: 100 },
    ]);

    const sizes = outputs.map(({ instances }) => instances.imageSize);
    expect(sizes).toEqual([
      [60, 80],
      [144, 100],
    ]);
    for (const { instances } of outputs) {
      const [height, width] = instances.imageSize;
      expect(instances.length).toBeGreaterThan(0);
      expect(instances.length).toBeLessThanOrEqual(7);
      expect(instances.predBoxes.insideBox([height + 1, width + 1])).not.toContain(0);
      expect(Math.max(...instances.predClasses.data)).toBeLessThan(cfg.MODEL.ROI_HEADS.NUM_CLASSES);
      expect(instances.predMasks?.shape).toEqual(
        cfg.MODEL.MASK_ON ? [instances.length, height, width] : undefined,
      );
      expect(instances.predKeypoints?.shape).toEqual(
        cfg.MODEL.KEYPOINT_ON ? [instances.length, 17, 3] : undefined,
      );
    }
  });

  it("keypoints may be asked for at boxes found elsewhere", async () => {
    const cfg = tinyConfig("COCO-Keypoints/keypoint_rcnn_R_50_FPN_1x", everything);
    const model = flattenHeads(buildModel(cfg)).eval();
    const inputs = [{ image: noise(60, 80), height: 120, width: 160 }];
    const found = await model.inference(inputs, { doPostprocess: false });
    const [{ instances }] = await model.inference(inputs, { detectedInstances: found });
    const [whole] = await model.inference(inputs);
    expect(instances.predKeypoints).toBeAllclose(whole.instances.predKeypoints!, { atol: 1e-3 });
  });

  it.each(["COCO-Keypoints/keypoint_rcnn_R_50_FPN_1x", "Misc/cascade_mask_rcnn_R_50_FPN_1x"])(
    "%s finds nothing where nothing is proposed, or no score passes",
    async (name) => {
      const noProposals = { "MODEL.PROPOSAL_GENERATOR.MIN_SIZE": 10_000 };
      const noScores = { "MODEL.ROI_HEADS.SCORE_THRESH_TEST": 0.9 };
      for (const overrides of [noScores, { ...everything, ...noProposals }]) {
        const model = flattenHeads(buildModel(tinyConfig(name, overrides))).eval();
        const [{ instances }] = await model.inference([{ image: noise(60, 80) }]);
        expect(instances.length).toBe(0);
        const { predMasks, predKeypoints } = instances;
        expect((predKeypoints ?? predMasks)!.shape).toEqual(predMasks ? [0, 60, 80] : [0, 17, 3]);
      }
    },
  );

  it.each([
    "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x",
    "COCO-InstanceSegmentation/mask_rcnn_R_50_C4_1x",
  ])("%s finds nothing where no score passes the threshold", async (name) => {
    const model = flattenHeads(buildModel(tinyConfig(name))).eval();
    const [{ instances }] = await model.inference([{ image: noise(60, 80) }]);
    expect(instances.length).toBe(0);
    expect(instances.predMasks?.shape).toEqual([0, 60, 80]);
    expect(instances.predBoxes.length).toBe(0);
  });

  it.each([
    "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x",
    "COCO-InstanceSegmentation/mask_rcnn_R_50_C4_1x",
  ])("%s finds nothing where nothing is proposed", async (name) => {
    const noProposals = { "MODEL.PROPOSAL_GENERATOR.MIN_SIZE": 10_000 };
    const model = buildModel(tinyConfig(name, { ...everything, ...noProposals })).eval();
    const [{ instances }] = await model.inference([{ image: noise(60, 80) }]);
    expect(instances.length).toBe(0);
    expect(instances.predMasks?.shape).toEqual([0, 60, 80]);
  });
});

describe("buildModel", () => {
  it("builds the class that META_ARCHITECTURE names", () => {
    const model = buildModel<ProposalNetwork>(tinyConfig("COCO-Detection/rpn_R_50_FPN_1x"));
    expect(model).toBeInstanceOf(ProposalNetwork);
    expect(model.training).toBe(true);
  });

  it("ignores that detectron2's configs ask for CUDA", () => {
    const cfg = tinyConfig("COCO-Detection/faster_rcnn_R_50_FPN_1x");
    expect(cfg.MODEL.DEVICE).toBe("cuda");
    expect(() => buildModel(cfg)).not.toThrow();
  });

  it("takes architectures that users register", () => {
    class Constant extends Module<[], number> {
      forward(): number {
        return 7;
      }
    }
    META_ARCH_REGISTRY.register("Constant", () => new Constant());
    const cfg = tinyConfig("COCO-Detection/faster_rcnn_R_50_FPN_1x");
    cfg.MODEL.META_ARCHITECTURE = "Constant";
    expect(buildModel<Constant>(cfg)()).toBe(7);
  });

  it("names the architectures there are when asked for another", () => {
    const cfg = tinyConfig("COCO-Detection/faster_rcnn_R_50_FPN_1x");
    cfg.MODEL.META_ARCHITECTURE = "GeneralisedRCNN";
    expect(() => buildModel(cfg)).toThrow(NotRegisteredError);
    expect(() => buildModel(cfg)).toThrow(/GeneralizedRCNN/);
  });

  it.each(["COCO-Detection/faster_rcnn_R_50_FPN_1x", "COCO-Detection/rpn_R_50_FPN_1x"])(
    "refuses images in another order than RGB and BGR, of %s",
    (name) => {
      for (const format of ["rgb", "L", "YUV-BT.601", ""]) {
        const cfg = tinyConfig(name, { "INPUT.FORMAT": format });
        expect(() => buildModel(cfg)).toThrow(OptionError);
        expect(() => buildModel(cfg)).toThrow(`INPUT.FORMAT must be RGB or BGR, got "${format}".`);
      }
    },
  );

  it("refuses a proposal network without proposal generator", () => {
    const precomputed = tinyConfig("COCO-Detection/rpn_R_50_FPN_1x");
    precomputed.MODEL.PROPOSAL_GENERATOR.NAME = "PrecomputedProposals";
    expect(() => buildModel(precomputed)).toThrow(ModelOptionsError);
  });

  it.each([
    ["no number", [], [], "pixelMean"],
    ["a mean that isn't finite", [1, NaN, 1], [1, 1, 1], "pixelMean"],
    ["a deviation that isn't finite", [1, 1, 1], [1, Infinity, 1], "pixelStd"],
    ["a deviation of zero", [1, 1, 1], [1, 0, 1], "pixelStd"],
    ["a negative deviation", [1, 1, 1], [1, 1, -1], "pixelStd"],
    ["one deviation for all channels", [1, 1, 1], [1], "pixelStd"],
    ["one mean for all channels", [1], [1, 1, 1], "pixelStd"],
  ])("refuses statistics of channels with %s", (_, mean, std, option) => {
    for (const name of ["faster_rcnn_R_50_FPN_1x", "rpn_R_50_FPN_1x"]) {
      const cfg = tinyConfig(`COCO-Detection/${name}`);
      const options = { pixelMean: mean, pixelStd: std };
      const build = (): unknown =>
        name === "rpn_R_50_FPN_1x"
          ? configure(ProposalNetwork, [cfg], options)
          : configure(GeneralizedRCNN, [cfg], options);
      expect(build).toThrow(ModelOptionsError);
      expect(build).toThrow(expect.objectContaining({ option }));
    }
  });
});
