import { type AnyModule, Generator } from "@detectron-ts/nn";

/** How many normal numbers all weights are made of: a prime, so that no two rows of a weight are the same. */
const COUNT = 65_521;

/**
 * Gives every kernel and matrix of a model random weights, of a deviation that keeps the magnitude of what it is given. Much
 * faster than drawing each weight, for a model that only has to run.
 */
export function spreadWeights(model: AnyModule): void {
  const generator = new Generator(0);
  const normals = Float32Array.from({ length: COUNT }, () => generator.normal());
  let position = 0;
  for (const parameter of model.parameters()) {
    if (parameter.rank < 2) continue;
    const scale = 1 / Math.sqrt(parameter.size / parameter.shape[0]);
    const weights = new Float32Array(parameter.size);
    for (let i = 0; i < weights.length; i++) {
      weights[i] = scale * normals[position];
      position = (position + 1) % COUNT;
    }
    parameter.set(weights);
  }
}
