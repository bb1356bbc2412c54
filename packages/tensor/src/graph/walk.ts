import type { Tensor } from "../tensor.ts";
import type { Node } from "./node.ts";

/**
 * Nodes that must run to compute tensors, inputs first: those below `roots` down to leaves and values that
 * have been computed already.
 */
export function pendingNodes(roots: readonly Tensor[]): Node[] {
  const found = new Set<Node>();
  const pending = roots.filter((root) => !root.realized).map((root) => root.node);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    for (const input of node.inputs) if (!input.realized) pending.push(input.node);
  }
  return [...found].sort((a, b) => a.id - b.id);
}
