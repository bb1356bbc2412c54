import {
  cast,
  cos,
  div,
  equal,
  erf,
  exp,
  less,
  lessEqual,
  log,
  logicalAnd,
  mul,
  neg,
  pow,
  sign,
  sin,
  sub,
  where,
} from "../functions/elementwise.ts";
import { sumTo } from "../functions/reduction.ts";
import type { VjpRule, VjpRules } from "./vjp-rule.ts";

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);
const NORMAL_DENSITY_AT_0 = 1 / Math.sqrt(2 * Math.PI);

/** Where both values are equal, each gets half of the gradient, so that max(x, x) has the gradient of x. */
function extremum(op: "maximum" | "minimum"): VjpRule<"maximum" | "minimum"> {
  return ({ inputs, grad }) => {
    const [a, b] = inputs as [(typeof inputs)[0], (typeof inputs)[0]];
    const half = cast(equal(a, b), "float32").mul(0.5);
    const aWins = cast(op === "maximum" ? less(b, a) : less(a, b), "float32");
    const shareOfA = aWins.add(half);
    return [sumTo(grad.mul(shareOfA), a.shape), sumTo(grad.mul(sub(1, shareOfA)), b.shape)];
  };
}

/** Gradients of the elementwise operations. */
export const elementwiseGradients: VjpRules<
  | "neg"
  | "abs"
  | "sign"
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
  | "logicalNot"
  | "detach"
  | "scaleGradient"
  | "cast"
  | "clamp"
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "pow"
  | "maximum"
  | "minimum"
  | "equal"
  | "less"
  | "lessEqual"
  | "logicalAnd"
  | "logicalOr"
  | "where"
> = {
  neg: ({ grad }) => [neg(grad)],
  abs: ({ inputs: [x], grad }) => [mul(grad, sign(x))],
  sign: () => [null],
  exp: ({ outputs: [y], grad }) => [mul(grad, y)],
  log: ({ inputs: [x], grad }) => [div(grad, x)],
  sqrt: ({ outputs: [y], grad }) => [div(grad, mul(y, 2))],
  floor: () => [null],
  sin: ({ inputs: [x], grad }) => [mul(grad, cos(x))],
  cos: ({ inputs: [x], grad }) => [neg(mul(grad, sin(x)))],
  atan: ({ inputs: [x], grad }) => [div(grad, x.square().add(1))],
  erf: ({ inputs: [x], grad }) => [mul(grad, exp(neg(x.square())).mul(TWO_OVER_SQRT_PI))],
  // d(x·Φ(x)) = (Φ(x) + x·φ(x)) dx with Φ(x) = (1 + erf(x/√2)) / 2 and φ(x) = exp(-x²/2) / √2π
  gelu: ({ inputs: [x], grad }) => {
    const distribution = erf(x.mul(Math.SQRT1_2)).mul(0.5).add(0.5);
    const density = exp(x.square().mul(-0.5)).mul(NORMAL_DENSITY_AT_0);
    return [mul(grad, distribution.add(mul(x, density)))];
  },
  tanh: ({ outputs: [y], grad }) => [mul(grad, sub(1, y.square()))],
  sigmoid: ({ outputs: [y], grad }) => [mul(grad, mul(y, sub(1, y)))],
  relu: ({ outputs: [y], grad }) => [where(less(0, y), grad, 0)],
  logicalNot: null,
  detach: () => [null],
  scaleGradient: ({ attrs: { factor }, grad }) => [mul(grad, factor)],
  cast: ({ inputs: [x], grad }) => [cast(grad, x.dtype)],
  clamp: ({ inputs: [x], lifted: { min, max }, grad }) => {
    const above = min === undefined ? undefined : lessEqual(min, x);
    const below = max === undefined ? undefined : lessEqual(x, max);
    const inside = above && below ? logicalAnd(above, below) : (above ?? below);
    return [inside === undefined ? grad : where(inside, grad, 0)];
  },
  add: ({ inputs: [a, b], grad, wanted }) => [
    wanted[0] ? sumTo(grad, a.shape) : null,
    wanted[1] ? sumTo(grad, b.shape) : null,
  ],
  sub: ({ inputs: [a, b], grad, wanted }) => [
    wanted[0] ? sumTo(grad, a.shape) : null,
    wanted[1] ? sumTo(neg(grad), b.shape) : null,
  ],
  mul: ({ inputs: [a, b], grad, wanted }) => [
    wanted[0] ? sumTo(mul(grad, b), a.shape) : null,
    wanted[1] ? sumTo(mul(grad, a), b.shape) : null,
  ],
  div: ({ inputs: [a, b], outputs: [y], grad, wanted }) => [
    wanted[0] ? sumTo(div(grad, b), a.shape) : null,
    wanted[1] ? sumTo(neg(mul(grad, div(y, b))), b.shape) : null,
  ],
  // d(aᵇ) = b·aᵇ⁻¹ da + aᵇ·ln(a) db; where a = 0 the second term is 0, not 0·(-∞).
  pow: ({ inputs: [a, b], outputs: [y], grad, wanted }) => [
    wanted[0] ? sumTo(mul(grad, mul(b, pow(a, sub(b, 1)))), a.shape) : null,
    wanted[1] ? sumTo(mul(grad, where(equal(a, 0), 0, mul(y, log(a)))), b.shape) : null,
  ],
  maximum: extremum("maximum"),
  minimum: extremum("minimum"),
  equal: null,
  less: null,
  lessEqual: null,
  logicalAnd: null,
  logicalOr: null,
  where: ({ inputs: [condition, a, b], grad, wanted }) => [
    null,
    wanted[1] ? sumTo(where(condition, grad, 0), a.shape) : null,
    wanted[2] ? sumTo(where(condition, 0, grad), b.shape) : null,
  ],
};
