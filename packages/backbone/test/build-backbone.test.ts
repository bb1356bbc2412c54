import { getCfg, NotRegisteredError } from "@detectron-ts/config";
import type { ShapeSpec } from "@detectron-ts/layers";
import { defaultGenerator, GroupNorm, LayerOptionError } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BACKBONE_REGISTRY,
  BackboneModule,
  buildBackbone,
  type FeatureMaps,
  FPN,
  LastLevelP6P7,
  ResNet,
  UnknownFeatureError,
} from "../src/index.ts";
import { configFor } from "./support.ts";

const TINY = Object.entries({
  "MODEL.RESNETS.STEM_OUT_CHANNELS": 8,
  "MODEL.RESNETS.WIDTH_PER_GROUP": 4,
  "MODEL.RESNETS.RES2_OUT_CHANNELS": 16,
  "MODEL.FPN.OUT_CHANNELS": 8,
}).flat();

function builtModule(file: string, overrides: readonly unknown[] = []): BackboneModule {
  const backbone = buildBackbone(configFor(file, overrides));
  if (!(backbone instanceof BackboneModule)) throw new TypeError("no module");
  return backbone;
}

describe("full-size backbones", () => {
  // Only the number of weights matters here, and drawing that many would take most of the time.
  const cheap = { next: () => 0.5, normal: () => 0 };
  beforeAll(() => void Object.assign(defaultGenerator, cheap));
  afterAll(() => {
    for (const method of Object.keys(cheap)) Reflect.deleteProperty(defaultGenerator, method);
  });

  // Parameters, and tensors of the state dict, as counted on detectron2's models.
  it.each([
    ["COCO-Detection/faster_rcnn_R_50_FPN_1x.yaml", 26_799_296, 281],
    ["COCO-Detection/faster_rcnn_R_101_FPN_3x.yaml", 45_739_200, 536],
    ["COCO-Detection/faster_rcnn_R_50_C4_1x.yaml", 8_512_704, 215],
    ["COCO-Detection/faster_rcnn_R_50_DC5_1x.yaml", 23_454_912, 265],
    ["COCO-Detection/faster_rcnn_X_101_32x8d_FPN_3x.yaml", 89_883_840, 536],
    ["COCO-Detection/retinanet_R_50_FPN_1x.yaml", 31_452_352, 281],
  ])("%s has %i parameters and %i tensors", (file, parameters, tensors) => {
    const backbone = builtModule(file);
    const sizes = backbone.parameters().map(({ size }) => size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(parameters);
    expect(backbone.stateDict().size).toBe(tensors);
  });
});

describe("buildBackbone", () => {
  it("builds the ResNet of a C4 model up to res4", () => {
    const backbone = buildBackbone(configFor("COCO-Detection/faster_rcnn_R_50_C4_1x.yaml", TINY));
    expect(backbone).toBeInstanceOf(ResNet);
    expect(backbone.outputShape()).toEqual({ res4: { channels: 64, stride: 16 } });
    expect(backbone.sizeDivisibility).toBe(0);
  });

  it("builds a dilated res5", () => {
    const backbone = builtModule("COCO-Detection/faster_rcnn_R_50_DC5_1x.yaml", TINY);
    expect(backbone.outputShape()).toEqual({ res5: { channels: 128, stride: 16 } });
  });

  it("builds a pyramid with p6", () => {
    const backbone = buildBackbone(configFor("COCO-Detection/faster_rcnn_R_50_FPN_1x.yaml", TINY));
    expect(backbone).toBeInstanceOf(FPN);
    expect(Object.keys(backbone.outputShape())).toEqual(["p2", "p3", "p4", "p5", "p6"]);
    expect(backbone.sizeDivisibility).toBe(32);
  });

  it("builds RetinaNet's pyramid with p6 and p7 from res5", () => {
    const backbone = builtModule("COCO-Detection/retinanet_R_50_FPN_1x.yaml", TINY);
    expect(Object.keys(backbone.outputShape())).toEqual(["p3", "p4", "p5", "p6", "p7"]);
    const topBlock = backbone.getSubmodule("top_block", LastLevelP6P7);
    expect(topBlock.inFeature).toBe("res5");
    expect(topBlock.p6.weight.shape).toEqual([8, 128, 3, 3]);
  });

  it("puts the norm of the config everywhere", () => {
    const overrides = [...TINY, "MODEL.RESNETS.WIDTH_PER_GROUP", 32, "MODEL.FPN.OUT_CHANNELS", 32];
    overrides.push("MODEL.RESNETS.STEM_OUT_CHANNELS", 32, "MODEL.RESNETS.RES2_OUT_CHANNELS", 64);
    const backbone = builtModule("Misc/scratch_mask_rcnn_R_50_FPN_3x_gn.yaml", overrides);
    const norms = [...backbone.namedModules()].filter(([name]) => name.endsWith("norm"));
    expect(norms).toHaveLength(53 + 8);
    for (const [, norm] of norms) expect(norm).toBeInstanceOf(GroupNorm);
  });

  it("freezes what FREEZE_AT says", () => {
    const trained = (freezeAt: number) => {
      const file = "COCO-Detection/faster_rcnn_R_50_FPN_1x.yaml";
      const backbone = builtModule(file, [...TINY, "MODEL.BACKBONE.FREEZE_AT", freezeAt]);
      const parameters = [...backbone.getSubmodule("bottom_up").namedParameters()];
      return parameters.find(([, { requiresGrad }]) => requiresGrad)?.[0].split(".")[0];
    };
    expect([0, 1, 2, 5].map(trained)).toEqual(["stem", "res2", "res3", undefined]);
  });

  it("takes the number of channels from the mean of the pixels, or as it is told", () => {
    const cfg = configFor("COCO-Detection/faster_rcnn_R_50_C4_1x.yaml", TINY);
    cfg.mergeFromList(["MODEL.PIXEL_MEAN", [1, 2, 3, 4], "MODEL.RESNETS.OUT_FEATURES", ["stem"]]);
    const channels = (inputShape?: ShapeSpec) => {
      const backbone = buildBackbone(cfg, inputShape) as BackboneModule;
      return backbone.stateDict().get("stem.conv1.weight")?.shape[1];
    };
    expect(channels()).toBe(4);
    expect(channels({ channels: 1 })).toBe(1);
  });

  it("builds a shallow ResNet, but only of its own width", () => {
    const cfg = getCfg();
    cfg.mergeFromList(["MODEL.RESNETS.DEPTH", 18, "MODEL.RESNETS.OUT_FEATURES", ["res2"]]);
    expect(() => buildBackbone(cfg)).toThrow(
      "MODEL.RESNETS.RES2_OUT_CHANNELS has to be 64 for depth 18, got 256",
    );
    cfg.MODEL.RESNETS.RES2_OUT_CHANNELS = 64;
    expect(buildBackbone(cfg).outputShape()).toEqual({ res2: { channels: 64, stride: 4 } });
  });

  it("refuses configs of what there is not", () => {
    const file = "COCO-Detection/faster_rcnn_R_50_FPN_1x.yaml";
    const build = (...overrides: unknown[]) => builtModule(file, [...TINY, ...overrides]);
    expect(() => build("MODEL.BACKBONE.NAME", "build_resnet_fpn")).toThrow(NotRegisteredError);
    expect(() => build("MODEL.FPN.FUSE_TYPE", "max")).toThrow("has to be sum or avg, got max");
    expect(() => build("MODEL.RESNETS.DEPTH", 51)).toThrow(LayerOptionError);
    expect(() => build("MODEL.RESNETS.OUT_FEATURES", ["res3", "res6"])).toThrow(
      new UnknownFeatureError("ResNet", "res6", ["stem", "res2", "res3", "res4", "res5"]),
    );
    const retinanet = "build_retinanet_resnet_fpn_backbone";
    expect(() =>
      build("MODEL.BACKBONE.NAME", retinanet, "MODEL.RESNETS.OUT_FEATURES", ["res4"]),
    ).toThrow(new UnknownFeatureError("ResNet", "res5", ["res4"]));
  });

  it("builds a backbone that was registered by name", () => {
    class Plain extends BackboneModule {
      forward(images: Tensor): FeatureMaps {
        return { plain: images };
      }

      override outputShape(): Record<string, ShapeSpec> {
        return { plain: { channels: 3, stride: 1 } };
      }
    }
    BACKBONE_REGISTRY.register("build_plain_backbone", () => new Plain());
    const cfg = getCfg();
    cfg.MODEL.BACKBONE.NAME = "build_plain_backbone";
    const backbone = buildBackbone(cfg);
    expect(backbone).toBeInstanceOf(Plain);
    expect(backbone.sizeDivisibility).toBe(0);
    expect(backbone.paddingConstraints).toEqual({});
  });
});
