export {
  analyzeConfig,
  type AnalyzeConfigOptions,
  type ConfigCosts,
  emptyInput,
} from "./analyze-config.ts";
export { costTable, type CostTableOptions } from "./cost-table.ts";
export { activationCountOperators, flopCountOperators } from "./count-operators.ts";
export { analyzeModel, type AnalyzeOptions, type ModelCosts } from "./model-costs.ts";
export { modelStructure } from "./model-structure.ts";
export type { OperatorCost } from "./operator-cost.ts";
export { OperatorCounts } from "./operator-counts.ts";
export {
  parameterCount,
  parameterCountTable,
  type ParameterCountTableOptions,
} from "./parameter-count.ts";
export { findUnusedParameters } from "./unused-parameters.ts";
