import { outputOf } from "../graph/apply.ts";
import { Node } from "../graph/node.ts";
import type { Tensor } from "../tensor.ts";
import { awaitsBackward, differentiableNodes, propagate, reachableParameters } from "./backward.ts";
import { noGrad } from "./grad-mode.ts";

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
  const forward = differentiableNodes(differentiable);
  const placeholders = differentiable.map(({ shape, dtype }) =>
    outputOf(new Node("constant", [], {}, {}, [{ shape, dtype }], false), 0),
  );
  const gradients = noGrad(() => propagate(differentiable, placeholders, parameters));

  const saved = new Map<Node, Set<number>>();
  const visited = new Set<Node>();
  const pending = gradients.filter((each): each is Tensor => each !== undefined);
  for (let tensor = pending.pop(); tensor !== undefined; tensor = pending.pop()) {
    const { node, index } = tensor;
    if (forward.has(node)) {
      const indices = saved.get(node) ?? new Set<number>();
      saved.set(node, indices.add(index));
    } else if (!visited.has(node)) {
      visited.add(node);
      pending.push(...node.inputs);
    }
  }
  return [...saved].flatMap(([node, indices]) =>
    [...indices].map((index) => outputOf(node, index)).filter((tensor) => !tensor.realized),
  );
}
