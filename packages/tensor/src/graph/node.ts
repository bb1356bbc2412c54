import type { DType, Shape, TypedArray } from "../dtype.ts";
import type { LiftedValue, OpAttrs, OpLifted, OpName } from "../ops/op-table.ts";
import type { Tensor } from "../tensor.ts";

/** Shape and dtype of one output of a node. */
export interface OutputSpec {
  readonly shape: Shape;
  readonly dtype: DType;
}

let nextId = 0;

/**
 * One operation applied to tensors. Immutable but for its values, which appear when it is realised; a
 * realised node that no gradient will ask about forgets its inputs, so that the garbage collector can
 * have them.
 */
export class Node<O extends OpName = OpName> {
  /** Grows with creation, so that sorting by it is a topological order. */
  readonly id: number = nextId++;
  /** Realised values, one slot for each output. */
  readonly values: (TypedArray | undefined)[];
  /** Outputs whose values are kept whenever a run computes them. */
  readonly keptOutputs: Set<number> = new Set();
  #inputs: readonly Tensor[];

  constructor(
    readonly op: O,
    inputs: readonly Tensor[],
    readonly attrs: OpAttrs<O>,
    readonly lifted: OpLifted<O>,
    readonly outputs: readonly OutputSpec[],
    /** Whether a gradient may flow through this node. */
    readonly requiresGrad: boolean,
  ) {
    this.#inputs = inputs;
    this.values = new Array<TypedArray | undefined>(outputs.length).fill(undefined);
  }

  /** Tensors this node is computed from; empty for leaves and for settled nodes. */
  get inputs(): readonly Tensor[] {
    return this.#inputs;
  }

  /** Whether every output has a value. */
  get settled(): boolean {
    return this.values.every((value) => value !== undefined);
  }

  /** Stores the value of one output. */
  settle(index: number, value: TypedArray): void {
    this.values[index] = value;
    if (!this.requiresGrad && this.settled) this.#inputs = [];
  }

  /** Lifted values in a fixed order: that of their names. */
  liftedValues(): [name: string, value: LiftedValue][] {
    const entries = Object.entries(this.lifted) as [string, LiftedValue | undefined][];
    return entries
      .filter((entry): entry is [string, LiftedValue] => entry[1] !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

/** Whether `node` is an application of `op`; narrows its attributes. */
export function isOp<O extends OpName>(node: Node, op: O): node is Node<O> & Node {
  return node.op === op;
}
