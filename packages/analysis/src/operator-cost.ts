import { isOp, type Node, type OpName, type Shape } from "@detectron-ts/tensor";

/** What one operation costs. */
export interface OperatorCost {
  /** fvcore's name of the operation, such as `conv` or `linear`. */
  readonly operator: string;
  /** Multiply-adds; each counts once. */
  readonly flops: number;
  /** Numbers that the operation writes, of operations with weights or products; 0 of the others. */
  readonly activations: number;
}

type CostRule = (node: Node) => OperatorCost | undefined;

const product = (sides: Shape): number => sides.reduce((size, side) => size * side, 1);
const sizeOfOutput = (node: Node): number => product(node.outputs[0].shape);

/** An operation made of products of `length` numbers, one for each number it writes. */
function products(operator: string, node: Node, length: number): OperatorCost {
  const activations = sizeOfOutput(node);
  return { operator, flops: activations * length, activations };
}

/** An operation that spends `factor` for each number it writes. */
function elementwise(operator: string, node: Node, factor: number): OperatorCost {
  return { operator, flops: factor * sizeOfOutput(node), activations: 0 };
}

/** N×Cout×H×W, each the product of a window with a kernel of Cout×(Cin / groups)×kH×kW. */
const conv: CostRule = (node) => {
  const [, ...kernel] = node.inputs[1].shape;
  return products("conv", node, product(kernel));
};

/** Each number of the input, N×Cin×H×W, is multiplied with its part of the kernel, Cin×(Cout / groups)×kH×kW. */
const convTranspose: CostRule = (node) => {
  const [x, weight] = node.inputs;
  const [, ...kernel] = weight.shape;
  return {
    operator: "conv",
    flops: product(x.shape) * product(kernel),
    activations: sizeOfOutput(node),
  };
};

const linear: CostRule = (node) => products("linear", node, node.inputs[1].shape[1]);

const matmul: CostRule = (node) => {
  const [{ shape }] = node.inputs;
  const transposed = isOp(node, "matmul") && node.attrs.transposeA;
  const inner = shape.length > 1 && transposed ? shape.length - 2 : shape.length - 1;
  return products("matmul", node, shape[inner]);
};

/** Weights, B×N×M, are products of queries (B×N×D) and keys (B×M×D); what comes out is products of them with values. */
const attention: CostRule = (node) => {
  const [query, key] = node.inputs;
  const numKeys = key.shape[key.rank - 2];
  const weights = (query.size / query.shape[query.rank - 1]) * numKeys;
  const outputs = products("matmul", node, numKeys);
  return {
    operator: "matmul",
    flops: weights * query.shape[query.rank - 1] + outputs.flops,
    activations: weights + outputs.activations,
  };
};

const interpolate: CostRule = (node) => {
  if (!isOp(node, "interpolate")) return undefined;
  if (node.attrs.mode === "nearest") return elementwise("upsample_nearest2d", node, 1);
  if (node.attrs.mode === "bilinear") return elementwise("upsample_bilinear2d", node, 4);
  return undefined;
};

const gridSample: CostRule = (node) => elementwise("grid_sampler", node, 4);
const layerNorm: CostRule = (node) => normCost("layer_norm", node.outputs[0].shape);

// Looked up by name, so that an operation without a rule costs nothing, as in fvcore.
const RULES: ReadonlyMap<string, CostRule> = new Map<string, CostRule>([
  ["conv2d", conv],
  ["convTranspose2d", convTranspose],
  ["linear", linear],
  ["matmul", matmul],
  ["attention", attention],
  ["interpolate", interpolate],
  ["gridSample", gridSample],
  ["layerNorm", layerNorm],
]);

/**
 * What a node costs by fvcore's rules: a multiply-add is one operation, biases are free, nearest resizing counts 1 and
 * bilinear resizing and sampling 4 for each number written.
 *
 * @returns undefined for operations that aren't counted: arithmetic, activations, pooling, movement, RoIAlign, NMS.
 */
export function operatorCost(node: Node): OperatorCost | undefined {
  return RULES.get(node.op)?.(node);
}

/** A norm that computes mean and deviation of its input and has weights: 5 for each number. */
export function normCost(operator: string, shape: Shape): OperatorCost {
  return { operator, flops: 5 * product(shape), activations: 0 };
}

// Costs nothing here, and yet is nothing that a dry run should spend time on.
const UNCOUNTED_WORK: ReadonlySet<OpName> = new Set<OpName>(["roiAlign", "maxPool2d", "avgPool2d"]);

/** Whether computing a node takes long. */
export function isWork(node: Node): boolean {
  return RULES.has(node.op) || UNCOUNTED_WORK.has(node.op);
}
