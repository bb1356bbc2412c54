/** A backbone of one's own: whatever says which feature maps it makes can carry the proposal generator and the heads. */
import { BACKBONE_REGISTRY, BackboneModule, type FeatureMaps } from "@detectron-ts/backbone";
import type { ShapeSpec } from "@detectron-ts/layers";
import { buildModel } from "@detectron-ts/modeling";
import { Conv2d, manualSeed, relu } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";

import { demoConfig, demoInput } from "./demo-model.ts";

/** Cuts the image into patches of 16×16 pixels and describes each by 32 numbers. */
class Patchify extends BackboneModule {
  readonly patches = new Conv2d({ inChannels: 3, outChannels: 32, kernelSize: 16, stride: 16 });

  forward(images: Tensor): FeatureMaps {
    return { patches: relu(this.patches(images)) };
  }

  outputShape(): Record<string, ShapeSpec> {
    return { patches: { channels: 32, stride: 16 } };
  }

  override get sizeDivisibility(): number {
    return 16;
  }
}

BACKBONE_REGISTRY.register("Patchify", () => new Patchify());

const cfg = demoConfig();
cfg.MODEL.BACKBONE.NAME = "Patchify";
cfg.MODEL.RPN.IN_FEATURES = ["patches"];
cfg.MODEL.ROI_HEADS.IN_FEATURES = ["patches"];
cfg.MODEL.ANCHOR_GENERATOR.SIZES = [[64, 128, 256]]; // of one level now

manualSeed(0);
export const model = buildModel(cfg);
model.eval();

const images = model.preprocessImage([await demoInput(model)]);
export const { patches } = model.backbone(images.tensor);
export const [[proposals]] = await model.proposalGenerator(images, { patches });

console.log("patches", patches.shape, `${proposals.length} proposals`);
