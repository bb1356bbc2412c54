import { EventStorage } from "@detectron-ts/events";
import type { ModelInput } from "@detectron-ts/modeling";
import type { Parameter, Tensor } from "@detectron-ts/tensor";

/** What a recording says of the gradient of a parameter. */
export interface GradientStatistics {
  readonly l2: number;
  readonly sum: number;
  readonly abs_max: number;
}

/** A model that can be trained. */
interface TrainedModel {
  losses(batchedInputs: readonly ModelInput[]): Promise<Readonly<Record<string, Tensor>>>;
  namedParameters(): ReadonlyMap<string, Parameter>;
}

/** What a forward and a backward pass of a model came to. */
export interface TrainingStep {
  readonly losses: Readonly<Record<string, number>>;
  /** The latest values of what was logged. */
  readonly scalars: Readonly<Record<string, number>>;
  /** Of the parameters that have one. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
  /** Names of the parameters that don't learn. */
  readonly frozenParameters: readonly string[];
}

/** Runs a model forward on a batch, and backward from the sum of its losses. */
export async function trainingStep(
  model: TrainedModel,
  batchedInputs: readonly ModelInput[],
): Promise<TrainingStep> {
  using storage = new EventStorage();
  const lazy = Object.entries(await model.losses(batchedInputs));
  await lazy
    .map(([, loss]) => loss.keep())
    .reduce((sum, loss) => sum.add(loss))
    .backward();
  await storage.settle();
  const parameters = [...model.namedParameters()];
  const latest = [...storage.latest()];
  return {
    losses: Object.fromEntries(lazy.map(([name, loss]) => [name, Number(loss.dataSync()[0])])),
    scalars: Object.fromEntries(latest.map(([name, { value }]) => [name, value])),
    gradients: new Map(
      parameters.flatMap(([name, { grad }]) =>
        grad === null ? [] : [[name, grad.dataSync() as Float32Array] as const],
      ),
    ),
    frozenParameters: parameters
      .filter(([, { requiresGrad }]) => !requiresGrad)
      .map(([name]) => name),
  };
}

export function norm(values: Iterable<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0));
}

/**
 * Names of the gradients whose norm, sum or largest entry is further from the recorded one than a difference of norm
 * `tolerance(l2)` can make it, and of those that only one side has.
 */
export function differingGradients(
  gradients: ReadonlyMap<string, Float32Array>,
  recorded: Readonly<Record<string, GradientStatistics>>,
  tolerance: (l2: number) => number,
): string[] {
  const names = new Set([...gradients.keys(), ...Object.keys(recorded)]);
  return [...names].filter((name) => {
    const gradient = gradients.get(name);
    if (gradient === undefined || !(name in recorded)) return true;
    const { l2, sum, abs_max: max } = recorded[name];
    const total = gradient.reduce((partial, x) => partial + x, 0);
    const largest = gradient.reduce((partial, x) => Math.max(partial, Math.abs(x)), 0);
    const apart = tolerance(l2);
    return !(
      Math.abs(norm(gradient) - l2) <= apart &&
      Math.abs(largest - max) <= apart &&
      // Sums of n values whose difference has a norm d are at most √n · d apart.
      Math.abs(total - sum) <= apart * Math.sqrt(gradient.length)
    );
  });
}
