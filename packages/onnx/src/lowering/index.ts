import type { OpName } from "@detectron-ts/tensor";
import { LoweringError } from "../errors.ts";
import { convolutionLowerings } from "./convolution.ts";
import { elementwiseLowerings } from "./elementwise.ts";
import { indexingLowerings } from "./indexing.ts";
import type { Lowerings } from "./lowering.ts";
import { movementLowerings } from "./movement.ts";
import { reductionLowerings } from "./reduction.ts";
import { sparseLowerings } from "./sparse.ts";

function leaf(op: "constant" | "parameter"): () => never {
  return () => {
    throw new LoweringError(op, "a leaf is fed or baked in, not computed");
  };
}

/** How every operation becomes ONNX. */
export const lowerings: Lowerings<OpName> = {
  constant: leaf("constant"),
  parameter: leaf("parameter"),
  ...elementwiseLowerings,
  ...movementLowerings,
  ...reductionLowerings,
  ...convolutionLowerings,
  ...indexingLowerings,
  ...sparseLowerings,
  host: (_context, { attrs: { definition } }) => {
    throw new LoweringError(`host operation ${definition.name}`, "its kernel is TypeScript");
  },
};
