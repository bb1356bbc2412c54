/** Runs a model part by part, down to the features that its mask head sees. */
import { DetectionCheckpointer } from "@detectron-ts/checkpoint";
import { buildModel } from "@detectron-ts/modeling";

import { demoConfig, demoInput, weights } from "./demo-model.ts";

const model = buildModel(demoConfig());
await new DetectionCheckpointer(model).load(weights);
model.eval();

const images = model.preprocessImage([await demoInput(model)]);
const features = model.backbone(images.tensor); // lazy
const [proposals] = await model.proposalGenerator(images, features);
export const [instances] = await model.roiHeads(images, features, proposals);

const { maskPooler, inFeatures } = model.roiHeads;
const pooled = maskPooler(
  inFeatures.map((name) => features[name]),
  instances.map((found) => found.predBoxes),
);
export const maskFeatures = await pooled.toNdarray();

console.log(`${instances[0].length} instances`, maskFeatures.shape); // instances × channels × 14 × 14
