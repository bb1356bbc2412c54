import { byteDType, inputAs, outputAs, sameOperator, type Lowerings } from "./lowering.ts";

type ElementwiseOp =
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
  | "where";

/** ONNX operators of the elementwise operations. */
export const elementwiseLowerings: Lowerings<ElementwiseOp> = {
  neg: sameOperator("Neg"),
  abs: sameOperator("Abs"),
  sign: sameOperator("Sign"),
  exp: sameOperator("Exp"),
  log: sameOperator("Log"),
  sqrt: sameOperator("Sqrt"),
  floor: sameOperator("Floor"),
  sin: sameOperator("Sin"),
  cos: sameOperator("Cos"),
  atan: sameOperator("Atan"),
  erf: sameOperator("Erf"),
  gelu: sameOperator("Gelu"),
  tanh: sameOperator("Tanh"),
  sigmoid: sameOperator("Sigmoid"),
  relu: sameOperator("Relu"),
  logicalNot: sameOperator("Not"),
  detach: sameOperator("Identity"),
  scaleGradient: sameOperator("Identity"),
  cast: (context, { attrs }) => {
    context.cast(context.input(0), attrs.to, context.output(0));
  },
  clamp: (context, { attrs: { hasMin, hasMax } }) => {
    const min = hasMin ? context.lifted("min") : "";
    const max = hasMax ? context.lifted("max") : "";
    context.emit("Clip", [context.input(0), min, max], { outputs: [context.output(0)] });
  },
  add: sameOperator("Add"),
  sub: sameOperator("Sub"),
  mul: sameOperator("Mul"),
  div: sameOperator("Div"),
  pow: sameOperator("Pow"),
  maximum: sameOperator("Max"),
  minimum: sameOperator("Min"),
  equal: sameOperator("Equal"),
  less: sameOperator("Less"),
  lessEqual: sameOperator("LessOrEqual"),
  logicalAnd: sameOperator("And"),
  logicalOr: sameOperator("Or"),
  where: (context, node) => {
    const dtype = byteDType(node.outputs[0]!.dtype);
    const branches = [inputAs(context, node, 1, dtype), inputAs(context, node, 2, dtype)];
    outputAs(context, node, 0, dtype, (output) => {
      context.emit("Where", [context.input(0), ...branches], { outputs: [output] });
    });
  },
};
