import { analyzeConfig } from "@detectron-ts/analysis";
import { getCfg, NotRegisteredError } from "@detectron-ts/config";
import type { DetectionOutput, ProposalOutput } from "@detectron-ts/modeling";
import { describe, expect, it } from "vitest";

function config(...overrides: unknown[]) {
  const cfg = getCfg();
  cfg.MODEL.BACKBONE.NAME = "build_resnet_fpn_backbone";
  cfg.MODEL.RESNETS.OUT_FEATURES = ["res2", "res3", "res4", "res5"];
  cfg.MODEL.FPN.IN_FEATURES = ["res2", "res3", "res4", "res5"];
  cfg.MODEL.ROI_HEADS.NAME = "StandardROIHeads";
  cfg.MODEL.ROI_HEADS.IN_FEATURES = ["p2", "p3", "p4", "p5"];
  cfg.MODEL.RPN.IN_FEATURES = ["p2", "p3", "p4", "p5", "p6"];
  cfg.MODEL.ANCHOR_GENERATOR.SIZES = [[32], [64], [128], [256], [512]];
  cfg.MODEL.ROI_BOX_HEAD.NAME = "FastRCNNConvFCHead";
  cfg.MODEL.ROI_BOX_HEAD.NUM_FC = 1;
  cfg.MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION = 7;
  cfg.MODEL.ROI_BOX_HEAD.FC_DIM = 32;
  cfg.mergeFromList(overrides);
  return cfg;
}

/** Of each region: a layer of 32 on 256×7×7 numbers, then 81 scores and 80 boxes. */
const PER_REGION = 256 * 49 * 32 + 32 * (81 + 4 * 80);

describe("analyzeConfig", () => {
  it("finds as much as the config lets it", async () => {
    const limits = ["MODEL.RPN.POST_NMS_TOPK_TEST", 40, "TEST.DETECTIONS_PER_IMAGE", 7];
    const { model, costs } = await analyzeConfig(config(...limits), { imageSize: [96, 128] });
    expect(costs.flops.byOperator("roi_heads").get("linear")).toBe(40 * PER_REGION);
    const [{ instances }] = costs.output as DetectionOutput[];
    expect(instances.length).toBe(7);
    expect(instances.imageSize).toEqual([96, 128]);
    // The stem: 64 kernels of 3×7×7 at every other pixel, after padding to whole strides of 32.
    expect(costs.flops.total("backbone.bottom_up.stem")).toBe(64 * 147 * 48 * 64);
    expect(model.training).toBe(true);
  });

  it("brings proposals to models that make none", async () => {
    const { costs } = await analyzeConfig(
      config(
        "MODEL.PROPOSAL_GENERATOR.NAME",
        "PrecomputedProposals",
        "DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST",
        30,
      ),
      { imageSize: [64, 64] },
    );
    expect(costs.flops.byOperator("roi_heads").get("linear")).toBe(30 * PER_REGION);
  });

  it("takes an image of 800×1216 when none is asked for", async () => {
    const cfg = config("MODEL.META_ARCHITECTURE", "ProposalNetwork");
    const { costs } = await analyzeConfig(cfg);
    expect(costs.flops.total("backbone.bottom_up.stem")).toBe(64 * 147 * 400 * 608);
    const [{ proposals }] = costs.output as ProposalOutput[];
    expect(proposals.length).toBe(cfg.MODEL.RPN.POST_NMS_TOPK_TEST);
  });

  it("refuses what buildModel refuses", async () => {
    const cfg = config("MODEL.META_ARCHITECTURE", "GeneralisedRCNN");
    await expect(analyzeConfig(cfg)).rejects.toThrow(NotRegisteredError);
  });
});
