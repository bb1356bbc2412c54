import { applyOp } from "../graph/apply.ts";
import type { HostOpDefinition } from "../host-op.ts";
import type { Tensor } from "../tensor.ts";

/** A host operation together with the tensors it reads. */
export interface HostOpOptions extends HostOpDefinition {
  readonly inputs: readonly Tensor[];
}

/**
 * Adds a kernel written in TypeScript to the graph. It runs when its outputs are asked for; the graph
 * before and after it is compiled as usual.
 */
export function hostOp({ inputs, ...definition }: HostOpOptions): Tensor[] {
  return applyOp("host", inputs, { definition }, {});
}
