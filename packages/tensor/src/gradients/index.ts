import type { OpName } from "../ops/op-table.ts";
import { convolutionGradients } from "./convolution.ts";
import { elementwiseGradients } from "./elementwise.ts";
import { hostGradients } from "./host.ts";
import { indexingGradients } from "./indexing.ts";
import { movementGradients } from "./movement.ts";
import { reductionGradients } from "./reduction.ts";
import { sparseGradients } from "./sparse.ts";
import type { VjpRules } from "./vjp-rule.ts";

/** How gradients flow through every operation. */
export const vjpRules: VjpRules<OpName> = {
  constant: null,
  parameter: null,
  ...elementwiseGradients,
  ...movementGradients,
  ...reductionGradients,
  ...convolutionGradients,
  ...indexingGradients,
  ...sparseGradients,
  ...hostGradients,
};
