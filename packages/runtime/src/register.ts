import { registerEvaluator } from "@detectron-ts/tensor";
import { Runtime } from "./runtime.ts";

/** The runtime that computes every tensor of this process. */
export const runtime: Runtime = new Runtime();

registerEvaluator(runtime);
