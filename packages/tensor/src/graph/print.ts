import type { Tensor } from "../tensor.ts";
import type { Node } from "./node.ts";
import { pendingNodes } from "./walk.ts";

function printAttribute([name, value]: [string, unknown]): string {
  if (typeof value === "object" && value !== null && "forward" in value && "name" in value) {
    return `${name}=${String(value.name)}`;
  }
  return `${name}=${JSON.stringify(value)}`;
}

function typeOf(node: Node): string {
  return node.outputs.map(({ dtype, shape }) => `${dtype}[${shape.join(",")}]`).join(", ");
}

/**
 * The graph that computing tensors would run, one operation a line:
 * `%2: float32[2,3] = add(%0, %1)`. Leaves and values computed before stand at the top; values fed at run
 * time follow a semicolon.
 */
export function printGraph(...tensors: readonly Tensor[]): string {
  const names = new Map<Node, string>();
  const lines: string[] = [];
  const declare = (node: Node, expression: string): void => {
    names.set(node, `%${names.size}`);
    lines.push(`${names.get(node)}: ${typeOf(node)} = ${expression}`);
  };
  const reference = ({ node, index }: Tensor): string =>
    `${names.get(node)}${node.outputs.length > 1 ? `.${index}` : ""}`;

  const nodes = pendingNodes(tensors);
  const pending = new Set(nodes);
  for (const { node } of [...nodes.flatMap((each) => each.inputs), ...tensors]) {
    if (!pending.has(node) && !names.has(node)) {
      declare(
        node,
        node.op === "constant" || node.op === "parameter" ? node.op : `realized ${node.op}`,
      );
    }
  }
  for (const node of nodes) {
    const inputs = node.inputs.map(reference).join(", ");
    const attrs = Object.entries(node.attrs).map(printAttribute);
    const lifted = node.liftedValues().map(printAttribute);
    const parts = [inputs, ...attrs].filter((part) => part !== "").join(", ");
    declare(node, `${node.op}(${parts}${lifted.length > 0 ? `; ${lifted.join(", ")}` : ""})`);
  }
  lines.push(`return ${tensors.map(reference).join(", ")}`);
  return lines.join("\n");
}
