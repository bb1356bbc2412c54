import type { Node, OpName, Tensor } from "@detectron-ts/tensor";
import { PlanError } from "./errors.ts";
import type { GraphPlan, OnnxModel } from "./graph-plan.ts";
import { lowerings } from "./lowering/index.ts";
import type { Lowering } from "./lowering/lowering.ts";
import { encodeModel } from "./model-proto/encode-model.ts";
import { bytesOf } from "./model-proto/bytes-of.ts";
import type { Initializer } from "./model-proto/model.ts";
import { ModelBuilder, unsized } from "./model-builder.ts";

/** Names of tensors. Several `Tensor` objects may stand for one output of a node. */
class TensorNames {
  readonly #names = new Map<Node, string[]>();

  set({ node, index }: Pick<Tensor, "node" | "index">, name: string): void {
    const outputs = this.#names.get(node) ?? [];
    outputs[index] = name;
    this.#names.set(node, outputs);
  }

  /** @throws PlanError when the plan neither computes, feeds nor bakes the tensor. */
  get({ node, index }: Tensor): string {
    const name = this.#names.get(node)?.[index];
    if (name === undefined) {
      throw new PlanError(node.op, `output ${index} is neither computed nor fed nor baked in`);
    }
    return name;
  }
}

/**
 * Writes part of a tensor graph as an ONNX model. Only structure enters it: operations, how they are
 * connected, structural attributes, ranks, dtypes and the baked tensors. Sides of shapes and lifted values
 * are fed, so one model serves inputs of every size. Names are positions, so plans of equal structure give
 * equal bytes.
 *
 * @throws LoweringError for a host operation or a leaf among the nodes, PlanError when a tensor comes from
 * nowhere, ModelSizeError when the baked tensors are more than a model can hold.
 */
export function writeModel(plan: GraphPlan): OnnxModel {
  const names = new TensorNames();
  const builder = new ModelBuilder();

  const feedNames = plan.feeds.map((feed, i) => {
    const name = `f${i}`;
    names.set(feed, name);
    builder.inputs.push(unsized({ name, dtype: feed.dtype, rank: feed.rank }));
    return name;
  });
  const weights = plan.baked.map((tensor, i): Initializer => {
    const name = `w${i}`;
    names.set(tensor, name);
    const { dtype, shape } = tensor;
    return { name, dtype, shape, bytes: bytesOf(tensor.dataSync()) };
  });
  for (const [position, node] of plan.nodes.entries()) {
    const outputs = node.outputs.map((_, index) => `n${position}_${index}`);
    for (const [index, name] of outputs.entries()) names.set({ node, index }, name);
    const inputs = node.inputs.map((input) => names.get(input));
    // TypeScript does not see that the rule and the node are of the same operation.
    const lower = lowerings[node.op] as Lowering<OpName>;
    lower(builder.contextFor(position, node, inputs, outputs), node);
  }
  const fetchNames = plan.fetches.map((fetch) => names.get(fetch));
  // A tensor may be fetched twice, but a graph's outputs must differ.
  const outputs = new Map(plan.fetches.map((fetch, i) => [fetchNames[i]!, fetch]));

  const bytes = encodeModel({
    nodes: builder.nodes,
    inputs: builder.inputs,
    outputs: Array.from(outputs, ([name, { dtype, rank }]) => unsized({ name, dtype, rank })),
    constants: [...builder.constants.values()],
    weights,
  });
  return { bytes, feedNames, fetchNames, liftedNames: builder.liftedInputs };
}
