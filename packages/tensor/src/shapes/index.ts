import { GraphError } from "../errors.ts";
import type { OpName } from "../ops/op-table.ts";
import { convolutionShapes } from "./convolution.ts";
import { elementwiseShapes } from "./elementwise.ts";
import { indexingShapes } from "./indexing.ts";
import { movementShapes } from "./movement.ts";
import { reductionShapes } from "./reduction.ts";
import { sparseShapes } from "./sparse.ts";
import type { ShapeRule, ShapeRules } from "./shape-rule.ts";

function leaf(op: "constant" | "parameter"): ShapeRule<typeof op> {
  return () => {
    throw new GraphError(op, "a leaf brings its own shape");
  };
}

/** How every operation's outputs follow from its inputs. */
export const shapeRules: ShapeRules<OpName> = {
  constant: leaf("constant"),
  parameter: leaf("parameter"),
  ...elementwiseShapes,
  ...movementShapes,
  ...reductionShapes,
  ...convolutionShapes,
  ...indexingShapes,
  ...sparseShapes,
  host: (_inputs, { definition }) => [...definition.outputs],
};
