import { NotDifferentiableError, ShapeError } from "../errors.ts";
import { realize } from "../evaluator.ts";
import { ones } from "../functions/creation.ts";
import { add } from "../functions/elementwise.ts";
import { outputOf } from "../graph/apply.ts";
import type { Node } from "../graph/node.ts";
import { vjpRules } from "../gradients/index.ts";
import type { OpName } from "../ops/op-table.ts";
import type { Parameter } from "../parameter.ts";
import type { Tensor } from "../tensor.ts";
import { enableGrad, noGrad } from "./grad-mode.ts";

/** Nodes that a gradient flows through from `roots`, unordered. Leaves end it. */
function differentiableNodes(roots: readonly Tensor[]): Set<Node> {
  const found = new Set<Node>();
  const pending = roots.map((root) => root.node);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (!node.requiresGrad || found.has(node)) continue;
    found.add(node);
    for (const input of node.inputs) pending.push(input.node);
  }
  return found;
}

// Told by its field, not its class: the class extends Tensor, whose `backward` is made of this module.
function isParameter(tensor: Tensor): tensor is Parameter {
  return "grad" in tensor;
}

/** The parameters that gradients can reach from `roots`. */
export function reachableParameters(roots: readonly Tensor[]): Parameter[] {
  const parameters = new Set<Parameter>();
  const consider = (tensor: Tensor): void => {
    if (isParameter(tensor) && tensor.requiresGrad) parameters.add(tensor);
  };
  roots.forEach(consider);
  for (const node of differentiableNodes(roots)) node.inputs.forEach(consider);
  return [...parameters];
}

function isDifferentiable(tensor: Tensor): boolean {
  return tensor.dtype === "float32";
}

/**
 * Walks the graph from `roots` back to `targets`, latest node first, so that a node's gradient is complete
 * before it is passed on.
 *
 * @param seeds Gradients of the roots.
 * @returns a gradient for each target, `undefined` where nothing flows.
 */
export function propagate(
  roots: readonly Tensor[],
  seeds: readonly Tensor[],
  targets: readonly Tensor[],
): (Tensor | undefined)[] {
  const gradients = new Map<Node, (Tensor | undefined)[]>();
  const accumulate = ({ node, index }: Tensor, gradient: Tensor): void => {
    const slots = gradients.get(node) ?? new Array<Tensor | undefined>(node.outputs.length);
    gradients.set(node, slots);
    const sum = slots[index];
    slots[index] = sum === undefined ? gradient : add(sum, gradient);
  };

  const targetNodes = new Set(targets.map((target) => target.node));
  const nodes = [...differentiableNodes(roots)].sort((a, b) => a.id - b.id);
  const leading = new Set<Node>();
  const leads = (tensor: Tensor): boolean =>
    isDifferentiable(tensor) && (leading.has(tensor.node) || targetNodes.has(tensor.node));
  for (const node of nodes) if (node.inputs.some(leads)) leading.add(node);

  roots.forEach((root, i) => accumulate(root, seeds[i]));
  for (const node of nodes.reverse()) {
    const grads = gradients.get(node);
    if (grads === undefined || !leading.has(node)) continue;
    const wanted = node.inputs.map(leads);
    const inputGradients = differentiate(node, grads, wanted);
    for (const [i, gradient] of inputGradients.entries()) {
      if (gradient !== null && wanted[i]) accumulate(node.inputs[i], gradient);
    }
  }
  return targets.map(({ node, index }) => gradients.get(node)?.[index]);
}

function differentiate<O extends OpName>(
  node: Node<O>,
  grads: readonly (Tensor | undefined)[],
  wanted: readonly boolean[],
): readonly (Tensor | null)[] {
  const rule = vjpRules[node.op];
  if (rule === null) throw new NotDifferentiableError(node.op, "this operation has no gradient");
  const generic = node as unknown as Node;
  return rule({
    node: generic,
    inputs: node.inputs,
    outputs: node.outputs.map((_, index) => outputOf(generic, index)),
    attrs: node.attrs,
    lifted: node.lifted,
    grad: grads.find((each): each is Tensor => each !== undefined) as Tensor,
    grads,
    wanted,
  });
}

// Losses whose gradients have been built: realising one needs to keep nothing for a later backward().
const differentiated = new WeakSet<Node>();

/** Whether a later backward() may still start from this tensor. */
export function awaitsBackward(tensor: Tensor): boolean {
  return tensor.requiresGrad && !differentiated.has(tensor.node);
}

function requireScalar(op: string, loss: Tensor): void {
  if (loss.size !== 1) throw new ShapeError(op, "wants a loss with one element", [loss.shape]);
}

/**
 * Gradients of a scalar with respect to tensors, as lazy tensors: realise them together with the loss, so
 * that what they share runs once.
 *
 * @param options.createGraph Whether the gradients can be differentiated again.
 * @throws ShapeError when the loss is not a scalar; NotDifferentiableError when a tensor does not influence
 * it, or an operation in between has no gradient.
 */
export function grad(
  loss: Tensor,
  tensors: readonly Tensor[],
  { createGraph = false }: { createGraph?: boolean } = {},
): Tensor[] {
  requireScalar("grad", loss);
  const scope = createGraph ? enableGrad : noGrad;
  const gradients = scope(() => propagate([loss], [ones(loss.shape)], tensors));
  differentiated.add(loss.node);
  return gradients.map((gradient, i) => {
    if (gradient === undefined) {
      const { node, shape } = tensors[i];
      throw new NotDifferentiableError(
        node.op,
        `tensor ${i} of shape [${shape.join(", ")}] does not influence the loss through ` +
          "recorded operations (a module in eval() records none unless inside enableGrad)",
      );
    }
    return gradient;
  });
}

/**
 * Computes a scalar loss and its gradients in one go, and adds those to `grad` of every parameter the loss
 * depends on.
 *
 * @throws as {@link grad}; NotDifferentiableError when the loss depends on no parameter.
 */
export async function backward(loss: Tensor): Promise<void> {
  requireScalar("backward", loss);
  const parameters = reachableParameters([loss]);
  if (parameters.length === 0) {
    throw new NotDifferentiableError(
      loss.node.op,
      "the loss depends on no parameter that records gradients " +
        "(a module in eval() records none unless inside enableGrad)",
    );
  }
  const gradients = noGrad(() => propagate([loss], [ones(loss.shape)], parameters));
  differentiated.add(loss.node);
  const sums: [Parameter, Tensor][] = [];
  for (const [i, parameter] of parameters.entries()) {
    const gradient = gradients[i];
    if (gradient === undefined) continue;
    sums.push([parameter, parameter.grad === null ? gradient : add(parameter.grad, gradient)]);
  }
  await realize(loss, ...sums.map(([, gradient]) => gradient));
  for (const [parameter, gradient] of sums) parameter.grad = gradient.detach();
}
