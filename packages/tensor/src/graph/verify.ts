import { holdsDType, sizeOf } from "../dtype.ts";
import { GraphError } from "../errors.ts";
import { equalShapes } from "../shapes/shape-rule.ts";
import { shapeRules } from "../shapes/index.ts";
import type { OpName } from "../ops/op-table.ts";
import type { Tensor } from "../tensor.ts";
import type { Node } from "./node.ts";
import { pendingNodes } from "./walk.ts";

function verifyOutputs<O extends OpName>(node: Node<O>): void {
  const inferred = shapeRules[node.op](node.inputs, node.attrs, node.lifted);
  for (const [i, { shape, dtype }] of node.outputs.entries()) {
    const wanted = inferred[i];
    if (wanted === undefined || wanted.dtype !== dtype || !equalShapes(wanted.shape, shape)) {
      throw new GraphError(
        node.op,
        `output ${i} is ${dtype}[${shape.join(", ")}] against its shape rule`,
      );
    }
  }
}

function verifyValue(tensor: Tensor): void {
  const value = tensor.node.values[tensor.index];
  if (value === undefined) return;
  if (!holdsDType(value, tensor.dtype) || value.length !== sizeOf(tensor.shape)) {
    throw new GraphError(
      tensor.node.op,
      `holds ${value.length} values in a ${value.constructor.name} for ` +
        `${tensor.dtype}[${tensor.shape.join(", ")}]`,
    );
  }
}

/**
 * Checks the rules every graph keeps: inputs are older than what they feed, leaves have values, values have
 * the size and type they claim, and every output is what its shape rule says. Runs in tests, and before
 * each run when `DETECTRON_VERIFY=1`.
 *
 * @throws GraphError naming the operation that breaks one.
 */
export function verifyGraph(...tensors: readonly Tensor[]): void {
  for (const node of pendingNodes(tensors)) {
    if (node.op === "constant" || node.op === "parameter") {
      throw new GraphError(node.op, "a leaf has no value");
    }
    for (const input of node.inputs) {
      if (input.node.id >= node.id)
        throw new GraphError(node.op, "an input is newer than its user");
      verifyValue(input);
    }
    verifyOutputs(node);
  }
}
