/** Loads a checkpoint, changes a weight, and runs the model again: nothing of the old weight is left anywhere. */
import { DetectionCheckpointer } from "@detectron-ts/checkpoint";
import type { GeneralizedRCNN, ModelInput } from "@detectron-ts/modeling";

import { demoInput, loadDemoModel, weights } from "./demo-model.ts";

const FIG = 1;

const model = await loadDemoModel();
const input = await demoInput(model);
export const before = await classesOf(model, input);

const bias = model.namedParameters().get("roi_heads.box_predictor.cls_score.bias");
bias?.update((values) => {
  values[FIG] = -1000; // never again
});
export const without = await classesOf(model, input);

await new DetectionCheckpointer(model).load(weights);
export const after = await classesOf(model, input);

console.log(
  `figs: ${[before, without, after].map((found) => found.filter((id) => id === FIG).length)}`,
);

async function classesOf(detector: GeneralizedRCNN, photograph: ModelInput): Promise<number[]> {
  const [{ instances }] = await detector.inference([photograph]);
  return Array.from(instances.get("predClasses").data);
}
