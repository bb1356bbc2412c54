import type { GraphPlan } from "@detectron-ts/onnx";
import {
  isOp,
  Parameter,
  Variable,
  type Node,
  type OpName,
  type Tensor,
} from "@detectron-ts/tensor";

/** A graph to compile, with what identifies its compiled session. */
export interface KeyedPlan extends GraphPlan {
  /** Structure, attributes, dtypes and ranks of leaves, and which variables are baked; no sizes. */
  readonly key: string;
  /** Variables whose values are baked in, with their versions now. */
  readonly versions: readonly number[];
}

/**
 * Whether a variable's value is fed at each run rather than baked in: only for parameters that are being
 * trained, which change after every step.
 */
function isFed(variable: Variable, user: Node): boolean {
  return (
    variable instanceof Parameter &&
    variable.requiresGrad &&
    (variable.training || user.requiresGrad)
  );
}

/**
 * Describes how to compute `fetches` with `nodes` from values that exist.
 *
 * The key lists, node by node, the operation, its structural attributes, where its inputs come from (an
 * earlier node, a fed value of some dtype and rank, or a baked variable), the dtypes and ranks of its
 * outputs, and in the end the fetches. Two graphs with one key differ only in sizes and values, so one session serves both.
 *
 * @param bakedBytes Upper bound of the variables to bake; those that come after it is reached are fed.
 */
export function planGraph(
  nodes: readonly Node[],
  fetches: readonly Tensor[],
  bakedBytes: number,
): KeyedPlan {
  const position = new Map(nodes.map((node, i) => [node, i]));
  const fedVariables = new Set<Node>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      if (input instanceof Variable && isFed(input, node)) fedVariables.add(input.node);
    }
  }

  const feeds: Tensor[] = [];
  const baked: Variable[] = [];
  let bytesLeft = bakedBytes;
  const leafNames = new Map<Node, string[]>();
  const nameLeaf = (leaf: Tensor): string => {
    const bytes = leaf.dataSync().byteLength;
    if (leaf instanceof Variable && !fedVariables.has(leaf.node) && bytes <= bytesLeft) {
      bytesLeft -= bytes;
      baked.push(leaf);
      return `b${leaf.node.id}`;
    }
    feeds.push(leaf);
    return `f${feeds.length - 1}:${leaf.dtype}${leaf.rank}`;
  };
  const reference = (input: Tensor): string => {
    const producer = position.get(input.node);
    if (producer !== undefined && !input.realized) return `${producer}.${input.index}`;
    const names = leafNames.get(input.node) ?? [];
    leafNames.set(input.node, names);
    names[input.index] ??= nameLeaf(input);
    return names[input.index];
  };

  const parts = nodes.map(({ op, inputs, attrs, outputs }) => {
    const results = outputs.map(({ dtype, shape }) => `${dtype}${shape.length}`).join(" ");
    return `${op}(${inputs.map(reference).join(" ")};${JSON.stringify(attrs)})${results}`;
  });
  parts.push(fetches.map(reference).join(" "));
  return {
    nodes,
    feeds,
    baked,
    fetches,
    key: parts.join("\n"),
    versions: baked.map((variable) => variable.version),
  };
}

const HEAVY_OPS: ReadonlySet<OpName> = new Set<OpName>([
  "matmul",
  "linear",
  "attention",
  "sparseMatmul",
  "conv2d",
  "convTranspose2d",
  "maxPool2d",
  "avgPool2d",
  "interpolate",
  "roiAlign",
  "gridSample",
]);

/** Whether a graph does work that is worth starting threads for. */
export function isHeavy(nodes: readonly Node[]): boolean {
  return nodes.some((node) => HEAVY_OPS.has(node.op));
}

/** Nodes between two host operations, and the host operations that run after them. */
export interface Stage {
  readonly device: Node[];
  readonly host: Node<"host">[];
}

/**
 * Splits nodes, in topological order, around their host operations. A node runs in the first stage in which all its inputs
 * can be there: the one after the latest host operation it depends on. One that depends on nothing but values that exist
 * could run in any, and runs in the first that wants it: what it makes would otherwise have to be carried from stage to
 * stage. In a backward pass, those are the views of all activations that gradients of weights are made of.
 */
export function splitAroundHostOps(nodes: readonly Node[]): Stage[] {
  const levels = earliestLevels(nodes);
  postpone(nodes, levels);
  const stages: Stage[] = [];
  for (const node of nodes) {
    const level = levels.get(node) ?? 0;
    while (stages.length <= level) stages.push({ device: [], host: [] });
    const stage = stages[level];
    if (isOp(node, "host")) stage.host.push(node);
    else stage.device.push(node);
  }
  return stages;
}

function earliestLevels(nodes: readonly Node[]): Map<Node, number> {
  const levels = new Map<Node, number>();
  for (const node of nodes) {
    const onHost = isOp(node, "host");
    let own = 0;
    for (const input of node.inputs) {
      const below = input.realized ? undefined : levels.get(input.node);
      if (below === undefined) continue;
      own = Math.max(own, !onHost && isOp(input.node, "host") ? below + 1 : below);
    }
    levels.set(node, own);
  }
  return levels;
}

/** Moves device nodes that could run in any stage to the first that uses them. */
function postpone(nodes: readonly Node[], levels: Map<Node, number>): void {
  const free = new Set<Node>();
  for (const node of nodes) {
    const depends = ({ realized, node: producer }: Tensor): boolean =>
      !realized && levels.has(producer) && !free.has(producer);
    if (!isOp(node, "host") && !node.inputs.some(depends)) free.add(node);
  }
  const wantedAt = new Map<Node, number>();
  for (const node of nodes.toReversed()) {
    const level = free.has(node) ? (wantedAt.get(node) ?? 0) : (levels.get(node) ?? 0);
    levels.set(node, level);
    for (const input of node.inputs) {
      if (input.realized || !free.has(input.node)) continue;
      wantedAt.set(input.node, Math.min(level, wantedAt.get(input.node) ?? level));
    }
  }
}
