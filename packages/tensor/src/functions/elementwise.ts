import { promoteDTypes, typedArrayFrom, type DType } from "../dtype.ts";
import { apply } from "../graph/apply.ts";
import { isOp } from "../graph/node.ts";
import type { OpName } from "../ops/op-table.ts";
import type { Tensor } from "../tensor.ts";
import { constant } from "./creation.ts";

/** A tensor, or a number that broadcasts and takes the other operand's dtype. */
export type Operand = Tensor | number;

/** Converts to another dtype; float to integer truncates toward zero, anything to bool is `!= 0`. */
export function cast(x: Tensor, to: DType): Tensor {
  return x.dtype === to ? x : apply("cast", [x], { to }, {});
}

function scalar(value: number, dtype: DType): Tensor {
  return constant(typedArrayFrom(dtype, [value]), [], dtype);
}

// A fraction turns integer arithmetic into float arithmetic, as it does in PyTorch.
function dtypeOfOperand(operand: Operand, other: Operand): DType {
  if (typeof operand !== "number") return operand.dtype;
  if (typeof other === "number" || !Number.isInteger(operand)) return "float32";
  return other.dtype;
}

function promote(a: Operand, b: Operand): [Tensor, Tensor] {
  const dtype = promoteDTypes(dtypeOfOperand(a, b), dtypeOfOperand(b, a));
  const convert = (operand: Operand): Tensor =>
    typeof operand === "number" ? scalar(operand, dtype) : cast(operand, dtype);
  return [convert(a), convert(b)];
}

type Binary =
  "add" | "sub" | "mul" | "div" | "pow" | "maximum" | "minimum" | "less" | "lessEqual" | "equal";

function binary(op: Binary, a: Operand, b: Operand): Tensor {
  const [left, right] = promote(a, b);
  return apply(op, [beforeExpansion(left, right), beforeExpansion(right, left)], {}, {});
}

/**
 * What a tensor was expanded from, if the other operand is of the expanded shape: broadcasting does the same without
 * writing the values out. Gradients of sums and means are such tensors.
 */
function beforeExpansion(x: Tensor, other: Tensor): Tensor {
  if (!isOp(x.node, "expand") || x.realized || isOp(other.node, "expand")) return x;
  const sameShape = x.rank === other.rank && x.shape.every((side, i) => side === other.shape[i]);
  return sameShape ? x.node.inputs[0] : x;
}

type Unary = Extract<
  OpName,
  | "exp"
  | "log"
  | "sqrt"
  | "floor"
  | "sin"
  | "cos"
  | "atan"
  | "erf"
  | "gelu"
  | "tanh"
  | "sigmoid"
  | "relu"
>;

function unary(op: Unary, x: Tensor): Tensor {
  return apply(op, [cast(x, "float32")], {}, {});
}

/** `a + b`, broadcasting. */
export const add = (a: Operand, b: Operand): Tensor => binary("add", a, b);
/** `a - b`, broadcasting. */
export const sub = (a: Operand, b: Operand): Tensor => binary("sub", a, b);
/** `a · b`, broadcasting. */
export const mul = (a: Operand, b: Operand): Tensor => binary("mul", a, b);
/** `a / b`, broadcasting; integers divide toward zero. */
export const div = (a: Operand, b: Operand): Tensor => binary("div", a, b);
/** `a` to the power of `b`, broadcasting. */
export const pow = (a: Operand, b: Operand): Tensor => binary("pow", a, b);
/** The larger of two values, broadcasting. At a tie each gets half of the gradient. */
export const maximum = (a: Operand, b: Operand): Tensor => binary("maximum", a, b);
/** The smaller of two values, broadcasting. At a tie each gets half of the gradient. */
export const minimum = (a: Operand, b: Operand): Tensor => binary("minimum", a, b);
/** `a = b` as bool, broadcasting. */
export const equal = (a: Operand, b: Operand): Tensor => binary("equal", a, b);
/** `a < b` as bool, broadcasting. */
export const less = (a: Operand, b: Operand): Tensor => binary("less", a, b);
/** `a ≤ b` as bool, broadcasting. */
export const lessEqual = (a: Operand, b: Operand): Tensor => binary("lessEqual", a, b);
/** Both, of two bool tensors. */
export const logicalAnd = (a: Tensor, b: Tensor): Tensor => apply("logicalAnd", [a, b], {}, {});
/** Either, of two bool tensors. */
export const logicalOr = (a: Tensor, b: Tensor): Tensor => apply("logicalOr", [a, b], {}, {});
/** The opposite of a bool tensor. */
export const logicalNot = (x: Tensor): Tensor => apply("logicalNot", [x], {}, {});

/** `-x`. */
export const neg = (x: Tensor): Tensor => apply("neg", [x], {}, {});
/** Absolute value; gradient 0 at 0. */
export const abs = (x: Tensor): Tensor => apply("abs", [x], {}, {});
/** -1, 0 or 1. */
export const sign = (x: Tensor): Tensor => apply("sign", [x], {}, {});
/** Exponential. */
export const exp = (x: Tensor): Tensor => unary("exp", x);
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => unary("log", x);
/** Square root. */
export const sqrt = (x: Tensor): Tensor => unary("sqrt", x);
/** Largest integer not above `x`; gradient 0. */
export const floor = (x: Tensor): Tensor => unary("floor", x);
/** Sine of radians. */
export const sin = (x: Tensor): Tensor => unary("sin", x);
/** Cosine of radians. */
export const cos = (x: Tensor): Tensor => unary("cos", x);
/** Arc tangent in radians. */
export const atan = (x: Tensor): Tensor => unary("atan", x);
/** Gauss error function. */
export const erf = (x: Tensor): Tensor => unary("erf", x);
/** `x · Φ(x)`, Φ the normal distribution: GELU, not its approximation by tanh. */
export const gelu = (x: Tensor): Tensor => unary("gelu", x);
/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => unary("tanh", x);
/** `1 / (1 + exp(-x))`. */
export const sigmoid = (x: Tensor): Tensor => unary("sigmoid", x);
/** `max(x, 0)`; gradient 0 at 0. */
export const relu = (x: Tensor): Tensor => unary("relu", x);

/** The same value, whose gradient is multiplied by `factor` on its way back. */
export function scaleGradient(x: Tensor, factor: number): Tensor {
  return apply("scaleGradient", [cast(x, "float32")], { factor }, {});
}

/** Limits values to `[min, max]`; the gradient is 0 outside. */
export function clamp(x: Tensor, { min, max }: { min?: number; max?: number }): Tensor {
  const lifted = { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
  const attrs = { hasMin: min !== undefined, hasMax: max !== undefined };
  return apply("clamp", [cast(x, "float32")], attrs, lifted);
}

/** `ifTrue` where the bool tensor `condition` holds, else `ifFalse`; all three broadcast. */
export function where(condition: Tensor, ifTrue: Operand, ifFalse: Operand): Tensor {
  const dtype =
    typeof ifTrue !== "number" && typeof ifFalse !== "number" && ifTrue.dtype === ifFalse.dtype
      ? [ifTrue, ifFalse]
      : promote(ifTrue, ifFalse);
  return apply("where", [condition, ...dtype], {}, {});
}
