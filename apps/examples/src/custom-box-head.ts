/** A RoI box head of one's own, registered by a name that a YAML file selects. */
import { fileURLToPath } from "node:url";
import { DetectionCheckpointer } from "@detectron-ts/checkpoint";
import type { ShapeSpec } from "@detectron-ts/layers";
import { buildModel } from "@detectron-ts/modeling";
import { Linear, manualSeed, Module, relu } from "@detectron-ts/nn";
import { type BoxHead, ROI_BOX_HEAD_REGISTRY } from "@detectron-ts/roi-heads";
import type { Tensor } from "@detectron-ts/tensor";

import { demoConfig, demoInput, weights } from "./demo-model.ts";

/** Averages each region and puts one layer on top, where the usual head flattens and has two. */
export class AveragePoolHead extends Module<[regions: Tensor], Tensor> implements BoxHead {
  readonly fc: Linear;
  readonly outputShape: ShapeSpec;

  constructor({ channels = 0 }: ShapeSpec, width: number) {
    super();
    this.fc = new Linear({ inFeatures: channels, outFeatures: width });
    this.outputShape = { channels: width };
  }

  forward(regions: Tensor): Tensor {
    return relu(this.fc(regions.mean([2, 3])));
  }
}

ROI_BOX_HEAD_REGISTRY.register(
  "AveragePoolHead",
  (cfg, shape) => new AveragePoolHead(shape, cfg.MODEL.ROI_BOX_HEAD.FC_DIM),
);

const cfg = demoConfig();
cfg.mergeFromFile(fileURLToPath(new URL("custom-box-head.yaml", import.meta.url)));

manualSeed(0);
export const model = buildModel(cfg);
export const report = await new DetectionCheckpointer(model).load(weights); // all but the new head
model.eval();
export const [{ instances }] = await model.inference([await demoInput(model)]);

console.log("to be trained:", report.missing, `${instances.length} random instances until then`);
