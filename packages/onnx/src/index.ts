export { LoweringError, ModelSizeError, PlanError } from "./errors.ts";
export type { GraphPlan, LiftedInput, OnnxModel } from "./graph-plan.ts";
export { writeModel } from "./write-model.ts";
