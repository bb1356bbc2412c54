import type { Node } from "../graph/node.ts";
import type { OpAttrs, OpLifted, OpName } from "../ops/op-table.ts";
import type { Tensor } from "../tensor.ts";

/** What a gradient rule sees of the operation it differentiates. */
export interface VjpContext<O extends OpName> {
  readonly node: Node;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attrs: OpAttrs<O>;
  readonly lifted: OpLifted<O>;
  /** Gradient of the first output; most operations have no other. */
  readonly grad: Tensor;
  /** Gradients of all outputs, `undefined` for those nothing depends on. */
  readonly grads: readonly (Tensor | undefined)[];
  /** Whether the gradient of an input is wanted; a rule may return anything for the others. */
  readonly wanted: readonly boolean[];
}

/**
 * A vector-Jacobian product: turns the gradients of an operation's outputs into those of its inputs, as
 * further lazy operations. `null` for an input means that its gradient is zero everywhere.
 */
export type VjpRule<O extends OpName> = (context: VjpContext<O>) => readonly (Tensor | null)[];

/** The entries of a gradient table for some operations. A `null` rule: there is no gradient. */
export type VjpRules<O extends OpName> = { readonly [P in O]: VjpRule<P> | null };
