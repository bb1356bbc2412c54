import { gradMode } from "../autograd/grad-mode.ts";
import type { OpAttrs, OpLifted, OpName } from "../ops/op-table.ts";
import { shapeRules } from "../shapes/index.ts";
import type { Tensor } from "../tensor.ts";
import { Node } from "./node.ts";

// Tensor's methods are made of operations and operations make tensors. The class hands its constructor in
// here, so that the modules do not import each other in a circle.
let wrapOutput: (node: Node, index: number) => Tensor;

/** Called once, by the module that defines {@link Tensor}. */
export function provideTensor(wrap: (node: Node, index: number) => Tensor): void {
  wrapOutput = wrap;
}

/** Wraps one output of a node. */
export function outputOf(node: Node, index: number): Tensor {
  return wrapOutput(node, index);
}

/**
 * Adds one operation to the graph and returns its outputs. Nothing is computed.
 *
 * @throws ShapeError or DTypeError when the operation's shape rule refuses the inputs.
 */
export function applyOp<O extends OpName>(
  op: O,
  inputs: readonly Tensor[],
  attrs: OpAttrs<O>,
  lifted: OpLifted<O>,
): Tensor[] {
  const outputs = shapeRules[op](inputs, attrs, lifted);
  const mode = gradMode();
  const requiresGrad =
    mode !== "off" &&
    outputs.some(({ dtype }) => dtype === "float32") &&
    inputs.some((input) => input.records(mode));
  const node = new Node<O>(op, inputs, attrs, lifted, outputs, requiresGrad);
  return outputs.map((_, index) => wrapOutput(node, index));
}

/** {@link applyOp} for operations with one output. */
export function apply<O extends OpName>(
  op: O,
  inputs: readonly Tensor[],
  attrs: OpAttrs<O>,
  lifted: OpLifted<O>,
): Tensor {
  return applyOp(op, inputs, attrs, lifted)[0];
}
