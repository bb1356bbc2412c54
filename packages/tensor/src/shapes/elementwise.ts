import { DTypeError } from "../errors.ts";
import type { OutputSpec } from "../graph/node.ts";
import {
  broadcastShapes,
  requireDType,
  requireSameDType,
  type ShapeRule,
  type ShapeRules,
} from "./shape-rule.ts";

type FloatUnary =
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
  | "scaleGradient"
  | "clamp";
type SignedUnary = "neg" | "abs" | "sign";
type Arithmetic = "add" | "sub" | "mul" | "div" | "pow" | "maximum" | "minimum";
type Comparison = "equal" | "less" | "lessEqual";
type Logical = "logicalAnd" | "logicalOr";

function floatUnary(op: FloatUnary): ShapeRule<FloatUnary> {
  return (inputs) => {
    requireDType(op, inputs, "float32");
    return [inputs[0]];
  };
}

function signedUnary(op: SignedUnary): ShapeRule<SignedUnary> {
  return (inputs) => {
    const { dtype } = inputs[0];
    if (dtype === "bool" || dtype === "uint8") {
      throw new DTypeError(op, `input must be a signed number, got ${dtype}`);
    }
    return [inputs[0]];
  };
}

function broadcasting(
  op: Arithmetic | Comparison | Logical,
  outputDType?: "bool",
): (inputs: readonly OutputSpec[]) => OutputSpec[] {
  return (inputs) => {
    const dtype = requireSameDType(op, inputs);
    const shape = broadcastShapes(op, inputs[0].shape, inputs[1].shape);
    return [{ shape, dtype: outputDType ?? dtype }];
  };
}

function logical(op: Logical): ShapeRule<Logical> {
  const rule = broadcasting(op, "bool");
  return (inputs) => {
    requireDType(op, inputs, "bool");
    return rule(inputs);
  };
}

/** Shape rules of the elementwise operations. */
export const elementwiseShapes: ShapeRules<
  | FloatUnary
  | SignedUnary
  | Arithmetic
  | Comparison
  | Logical
  | "logicalNot"
  | "detach"
  | "cast"
  | "where"
> = {
  neg: signedUnary("neg"),
  abs: signedUnary("abs"),
  sign: signedUnary("sign"),
  exp: floatUnary("exp"),
  log: floatUnary("log"),
  sqrt: floatUnary("sqrt"),
  floor: floatUnary("floor"),
  sin: floatUnary("sin"),
  cos: floatUnary("cos"),
  atan: floatUnary("atan"),
  erf: floatUnary("erf"),
  gelu: floatUnary("gelu"),
  tanh: floatUnary("tanh"),
  sigmoid: floatUnary("sigmoid"),
  relu: floatUnary("relu"),
  clamp: floatUnary("clamp"),
  logicalNot: (inputs) => {
    requireDType("logicalNot", inputs, "bool");
    return [inputs[0]];
  },
  detach: (inputs) => [inputs[0]],
  scaleGradient: floatUnary("scaleGradient"),
  cast: (inputs, { to }) => [{ shape: inputs[0].shape, dtype: to }],
  add: broadcasting("add"),
  sub: broadcasting("sub"),
  mul: broadcasting("mul"),
  div: broadcasting("div"),
  pow: broadcasting("pow"),
  maximum: broadcasting("maximum"),
  minimum: broadcasting("minimum"),
  equal: broadcasting("equal", "bool"),
  less: broadcasting("less", "bool"),
  lessEqual: broadcasting("lessEqual", "bool"),
  logicalAnd: logical("logicalAnd"),
  logicalOr: logical("logicalOr"),
  where: ([condition, ifTrue, ifFalse]) => {
    requireDType("where", [condition], "bool");
    const dtype = requireSameDType("where", [ifTrue, ifFalse]);
    const branches = broadcastShapes("where", ifTrue.shape, ifFalse.shape);
    return [{ shape: broadcastShapes("where", condition.shape, branches), dtype }];
  },
};
