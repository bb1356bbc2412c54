import type { Module } from "@detectron-ts/nn";
import { analyzeModel, type AnalyzeOptions } from "./model-costs.ts";
import type { OperatorCounts } from "./operator-counts.ts";

/**
 * Billions of multiply-adds that running a model takes, by operator. Mirrors
 * `detectron2.utils.analysis.flop_count_operators`; see {@link analyzeModel} for what is counted.
 */
export async function flopCountOperators<Inputs>(
  model: Module<[inputs: Inputs], unknown>,
  inputs: Inputs,
  options?: AnalyzeOptions,
): Promise<Map<string, number>> {
  const { flops } = await analyzeModel(model, inputs, options);
  return inUnitsOf(1e9, flops);
}

/**
 * Millions of numbers that a model's convolutions and products write, by operator. Mirrors
 * `detectron2.utils.analysis.activation_count_operators`.
 */
export async function activationCountOperators<Inputs>(
  model: Module<[inputs: Inputs], unknown>,
  inputs: Inputs,
  options?: AnalyzeOptions,
): Promise<Map<string, number>> {
  const { activations } = await analyzeModel(model, inputs, options);
  return inUnitsOf(1e6, activations);
}

function inUnitsOf(unit: number, counts: OperatorCounts): Map<string, number> {
  return new Map([...counts.byOperator()].map(([operator, count]) => [operator, count / unit]));
}
