/** Captures what a layer deep inside a model computes, without changing the model and without computing anything twice. */
import { runtime } from "@detectron-ts/runtime";
import type { Tensor } from "@detectron-ts/tensor";

import { demoInput, loadDemoModel } from "./demo-model.ts";

const model = await loadDemoModel();
const captured: Tensor[] = [];

const layer = model.namedModules().get("backbone.bottom_up.res4");
const handle = layer?.registerForwardHook((_module, _inputs, output: Tensor) => {
  captured.push(output.keep()); // have the value kept when the model computes it
});
export const [{ instances }] = await model.inference([await demoInput(model)]);
handle?.remove();

const { runs } = runtime.stats();
export const [res4] = await Promise.all(captured.map((tensor) => tensor.toNdarray()));
export const extraRuns = runtime.stats().runs - runs;

console.log("res4", res4.shape, `beside ${instances.length} instances, ${extraRuns} extra runs`);
