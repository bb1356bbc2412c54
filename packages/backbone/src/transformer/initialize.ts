import {
  type AnyModule,
  ChannelsLastLayerNorm,
  init,
  Linear,
  type NormFactory,
  Parameter,
} from "@detectron-ts/nn";

/** Layer norm of tokens with PyTorch's epsilon. */
export const tokenNorm: NormFactory = (numChannels) => new ChannelsLastLayerNorm({ numChannels });

/** An embedding to learn: zeros, or drawn from what vision transformers start with, a normal of deviation 0.02. */
export function embedding(shape: readonly number[], { zeros = false } = {}): Parameter {
  const size = shape.reduce((product, side) => product * side, 1);
  const table = new Parameter(new Float32Array(size), shape);
  if (!zeros) init.truncNormal(table, { std: 0.02 });
  return table;
}

/** Draws the weights of all linear layers of a transformer anew, of deviation 0.02; their biases are 0. */
export function initializeLinearLayers(transformer: AnyModule): void {
  for (const module of transformer.modules()) {
    if (!(module instanceof Linear)) continue;
    init.truncNormal(module.weight, { std: 0.02 });
    init.constant(module.bias, 0);
  }
}
