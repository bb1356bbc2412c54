import type { DType, Node } from "@detectron-ts/tensor";
import { LoweringError } from "./errors.ts";
import type { LiftedInput } from "./graph-plan.ts";
import type {
  EmitOptions,
  LiftedName,
  LoweringContext,
  SubgraphValue,
  ValueName,
} from "./lowering/lowering.ts";
import { bytesOf } from "./model-proto/bytes-of.ts";
import { DATA_TYPE } from "./model-proto/encode-model.ts";
import type { Initializer, OnnxNode, ValueInfo } from "./model-proto/model.ts";

/** A value of known rank and unknown sides, each side a symbol of its own. */
export function unsized({ name, dtype, rank }: SubgraphValue & { name: ValueName }): ValueInfo {
  return { name, dtype, dims: Array.from({ length: rank }, (_, axis) => `${name}_${axis}`) };
}

/** Collects the parts of a model while operations are lowered into it. */
export class ModelBuilder {
  readonly inputs: ValueInfo[] = [];
  readonly liftedInputs: LiftedInput[] = [];
  /** Constants by content: equal ones are written once. */
  readonly constants = new Map<string, Initializer>();
  #numNodes = 0;
  /** Where operators go: the model's own list while no subgraph is being written. */
  #nodes: OnnxNode[] = [];

  /** The model's operators. */
  get nodes(): readonly OnnxNode[] {
    return this.#nodes;
  }

  /** What the rule of one node writes through. */
  contextFor(
    position: number,
    node: Node,
    inputs: readonly ValueName[],
    outputs: readonly ValueName[],
  ): LoweringContext {
    const lifted = new Map(node.liftedValues());
    let temporaries = 0;
    const temporary = (): ValueName => `n${position}_t${temporaries++}`;
    const emit = (
      opType: string,
      operands: readonly ValueName[],
      { attributes = {}, domain = "", outputs: results = [temporary()] }: EmitOptions = {},
    ): ValueName => {
      const name = `${node.op}_${this.#numNodes++}`;
      this.#nodes.push({ name, opType, domain, inputs: operands, outputs: results, attributes });
      return results[0]!;
    };
    return {
      input: (index) => inputs[index]!,
      inputs: () => [...inputs],
      output: (index) => outputs[index]!,
      temporary,
      emit,
      subgraph: (values, build) => {
        const names = values.map(temporary);
        const outer = this.#nodes;
        this.#nodes = [];
        const results = build(names);
        const nodes = this.#nodes;
        this.#nodes = outer;
        const named = values.map((value, i) => unsized({ ...value, name: names[i]! }));
        return { graph: { nodes, inputs: named, outputs: results.map(unsized) } };
      },
      lifted: (name, length) => {
        const value = lifted.get(name);
        if (value === undefined) throw new LoweringError(node.op, `it has no value for ${name}`);
        return this.#liftedInput(position, name, typeof value === "number", length);
      },
      int64: (values) => this.#int64(values, [values.length]),
      int64Scalar: (value) => this.#int64([value], []),
      cast: (input: ValueName, to: DType, output?: ValueName) =>
        emit("Cast", [input], {
          attributes: { to: { int: DATA_TYPE[to] } },
          ...(output !== undefined && { outputs: [output] }),
        }),
    };
  }

  #liftedInput(
    position: number,
    name: LiftedName,
    scalar: boolean,
    length: number | undefined,
  ): ValueName {
    const input = `n${position}_${name}`;
    this.liftedInputs.push({ input, node: position, name });
    this.inputs.push(
      scalar
        ? { name: input, dtype: "float32", dims: [] }
        : { name: input, dtype: "int64", dims: [length ?? `${input}_0`] },
    );
    return input;
  }

  #int64(values: readonly number[], shape: readonly number[]): ValueName {
    const key = `${shape.length}:${values.join()}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known.name;
    const name = `c${this.constants.size}`;
    const bytes = bytesOf(BigInt64Array.from(values, BigInt));
    this.constants.set(key, { name, dtype: "int64", shape, bytes });
    return name;
  }
}
