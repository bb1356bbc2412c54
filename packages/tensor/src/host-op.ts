import type { DType, Shape, TypedArray } from "./dtype.ts";
import type { OutputSpec } from "./graph/node.ts";

/** Values of a tensor as a host kernel sees them: row-major and contiguous. */
export interface HostArray {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: TypedArray;
}

/** A kernel written in TypeScript over typed arrays, as a node of the graph. */
export interface HostOpDefinition {
  /** Shown in printed graphs and errors. */
  readonly name: string;
  readonly outputs: readonly OutputSpec[];
  /** Computes one typed array for each output. Must not change its inputs. */
  forward(inputs: readonly HostArray[]): TypedArray[];
  /**
   * Gradients with respect to the inputs, `null` for those that have none. A gradient of an output that
   * nothing used arrives as zeros. Left out, differentiating the operation throws by its name.
   */
  backward?(
    gradOutputs: readonly HostArray[],
    inputs: readonly HostArray[],
    outputs: readonly HostArray[],
  ): (TypedArray | null)[];
}
