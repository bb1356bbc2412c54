import { outputOf } from "../graph/apply.ts";
import { Node } from "../graph/node.ts";
import type { Tensor } from "../tensor.ts";
import { pendingNodes } from "../graph/walk.ts";
import { awaitsBackward, propagate, reachableParameters } from "./backward.ts";
import { noGrad } from "./grad-mode.ts";

/**
 * Nodes among `nodes` (inputs first) that stand on parameters and buffers alone, such as a kernel with a norm folded
 * into it. They are as large as the parameters, which have to be there anyway, and cheap to compute again.
 */
function madeOfVariables(nodes: readonly Node[]): Set<Node> {
  const found = new Set<Node>();
  for (const node of nodes) {
    const fromVariables = node.inputs.every(
      (input) => input.node.op === "parameter" || found.has(input.node),
    );
    if (fromVariables) found.add(node);
  }
  return found;
}

/**
 * The intermediate tensors whose values a later `backward()` through `roots` will read. Keeping them when
 * the roots are realised saves computing them again.
 *
 * Found by building the backward graph for real, from placeholder gradients, and looking at which forward
 * tensors it reads: so gradient rules need not declare what they save, and cannot get it wrong.
 */
export function savedForBackward(roots: readonly Tensor[]): Tensor[] {
  const differentiable = roots.filter(awaitsBackward);
  const parameters = reachableParameters(differentiable);
  if (parameters.length === 0) return [];
  // Also what no gradient flows through, such as frozen layers: a backward pass may read what they give.
  const pending = pendingNodes(differentiable);
  const fromVariables = madeOfVariables(pending);
  const forward = new Set(pending.filter((node) => !fromVariables.has(node)));
  const placeholders = differentiable.map(({ shape, dtype }) =>
    outputOf(new Node("constant", [], {}, {}, [{ shape, dtype }], false), 0),
  );
  const gradients = noGrad(() => propagate(differentiable, placeholders, parameters));

  const saved = new Map<Node, Set<number>>();
  const visited = new Set<Node>();
  const unvisited = gradients.filter((each): each is Tensor => each !== undefined);
  for (let tensor = unvisited.pop(); tensor !== undefined; tensor = unvisited.pop()) {
    if (tensor.realized) continue;
    const { node, index } = tensor;
    if (forward.has(node)) {
      const indices = saved.get(node) ?? new Set<number>();
      saved.set(node, indices.add(index));
    } else if (!visited.has(node)) {
      visited.add(node);
      unvisited.push(...node.inputs);
    }
  }
  return [...saved].flatMap(([node, indices]) =>
    [...indices].map((index) => outputOf(node, index)),
  );
}
