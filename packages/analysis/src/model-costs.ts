import type { Module } from "@detectron-ts/nn";
import { pendingNodes, type Evaluator, type Node } from "@detectron-ts/tensor";
import { DryRun } from "./dry-run.ts";
import { withEvaluator } from "./evaluation.ts";
import { ModuleScopes } from "./module-scopes.ts";
import { operatorCost } from "./operator-cost.ts";
import { OperatorCounts } from "./operator-counts.ts";

/** Options of {@link analyzeModel}. */
export interface AnalyzeOptions {
  /**
   * Whether results of convolutions and products are made up instead of computed; false when left out. A model of any size
   * then takes moments, and its weights don't matter, but neither does what is in the picture: a detector finds as many
   * objects as its config lets it.
   */
  readonly dryRun?: boolean;
}

/** What running a model costs. */
export interface ModelCosts<Output> {
  /** Multiply-adds. */
  readonly flops: OperatorCounts;
  /** Numbers written by convolutions and products. */
  readonly activations: OperatorCounts;
  /** What the model gave. */
  readonly output: Awaited<Output>;
}

/**
 * Runs a model out of training and counts what is computed. An operation counts when its value was needed, once, in the
 * module that was running when it was written down.
 *
 * Costs depend on the input: those of a detector's heads on the number of regions and of detections. Norms that are folded into
 * convolutions cost nothing, as they do in a run.
 *
 * @param inputs What the model is called with; of a detector, a batch.
 */
export async function analyzeModel<Inputs, Output>(
  model: Module<[inputs: Inputs], Output>,
  inputs: Inputs,
  { dryRun = false }: AnalyzeOptions = {},
): Promise<ModelCosts<Output>> {
  const flops = new OperatorCounts();
  const activations = new OperatorCounts();
  const counted = new Set<number>();
  using scopes = new ModuleScopes(model);

  const count = (node: Node): void => {
    if (counted.has(node.id)) return;
    counted.add(node.id);
    const cost = operatorCost(node) ?? scopes.compositeCost(node.id);
    if (cost === undefined) return;
    const path = scopes.pathOf(node.id);
    flops.add(path, cost.operator, cost.flops);
    if (cost.activations > 0) activations.add(path, cost.operator, cost.activations);
  };
  const counting = (inner: Evaluator): Evaluator => {
    const evaluator = dryRun ? new DryRun(inner) : inner;
    return {
      realize(tensors) {
        pendingNodes(tensors).forEach(count);
        return evaluator.realize(tensors);
      },
    };
  };

  const { training } = model;
  model.eval();
  try {
    const output = await withEvaluator<Output>(counting, () => model(inputs));
    return { flops, activations, output: output as Awaited<Output> };
  } finally {
    model.train(training);
  }
}
