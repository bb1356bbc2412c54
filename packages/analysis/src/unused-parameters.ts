import type { AnyModule } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";

/**
 * Names of the parameters that get no gradient from losses: no loss depends on them, or they are frozen. Computes the
 * gradients, and leaves those that had been accumulated before as they were. Mirrors
 * `detectron2.utils.analysis.find_unused_parameters`.
 *
 * @param losses What the model gave in training, by name; at least one.
 * @throws NotDifferentiableError when the losses depend on no parameter at all.
 */
export async function findUnusedParameters(
  model: AnyModule,
  losses: Readonly<Record<string, Tensor>>,
): Promise<string[]> {
  const parameters = [...model.namedParameters()];
  const accumulated = parameters.map(([, { grad }]) => grad);
  model.zeroGrad();
  try {
    await Object.values(losses)
      .reduce((sum, loss) => sum.add(loss))
      .backward();
    return parameters.filter(([, { grad }]) => grad === null).map(([name]) => name);
  } finally {
    for (const [i, [, parameter]] of parameters.entries()) parameter.grad = accumulated[i];
  }
}
