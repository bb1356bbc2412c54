import { shapeRules, Tensor, type OpAttrs, type OpLifted, type OpName } from "@detectron-ts/tensor";

/** One operation as a node of its own, for those that have no function: gradients use them. */
export function applyOperation<O extends OpName>(
  op: O,
  inputs: readonly Tensor[],
  attrs: OpAttrs<O>,
  lifted: OpLifted<O>,
): Tensor {
  // The class of nodes is not public; any tensor's node has it.
  const NodeClass = inputs[0]!.node.constructor as new (
    op: O,
    inputs: readonly Tensor[],
    attrs: OpAttrs<O>,
    lifted: OpLifted<O>,
    outputs: readonly { shape: readonly number[]; dtype: Tensor["dtype"] }[],
    requiresGrad: boolean,
  ) => Tensor["node"];
  const outputs = shapeRules[op](inputs, attrs, lifted);
  return new Tensor(new NodeClass(op, inputs, attrs, lifted, outputs, false), 0);
}
