import { Generator } from "@detectron-ts/nn";
import { allocate, type Evaluator, type Node, type Tensor } from "@detectron-ts/tensor";
import { isWork } from "./operator-cost.ts";

/**
 * Makes up the results of convolutions and products and computes the rest, so that a model of any size goes through all
 * its steps in little time and memory: boxes are still decoded, suppressed and pooled, only that they mean nothing.
 */
export class DryRun implements Evaluator {
  readonly #inner: Evaluator;
  #position = 0;

  constructor(inner: Evaluator) {
    this.#inner = inner;
  }

  async realize(tensors: readonly Tensor[]): Promise<void> {
    for (const node of nearestWork(tensors)) {
      for (const [index, { dtype, shape }] of node.outputs.entries()) {
        if (node.values[index] !== undefined) continue;
        const values = allocate(
          dtype,
          shape.reduce((size, side) => size * side, 1),
        );
        if (values instanceof Float32Array) this.#makeUp(values);
        node.settle(index, values);
      }
    }
    await this.#inner.realize(tensors.filter((tensor) => !tensor.realized));
  }

  /** Fills with what follows in the list of made-up numbers, around and around. */
  #makeUp(values: Float32Array): void {
    for (let filled = 0; filled < values.length;) {
      const start = this.#position % MADE_UP.length;
      const part = MADE_UP.subarray(start, start + values.length - filled);
      values.set(part, filled);
      filled += part.length;
      this.#position += part.length;
    }
  }
}

/**
 * Most numbers small, as offsets of boxes are, few far from 0, as scores of what is found are: 8·u¹⁵ for u uniform in
 * [-1, 1]. Half of their magnitudes are below 0.0003, an eighth above 1. Prime in number, so that they fall out of step with
 * all shapes.
 */
const MADE_UP = madeUpNumbers(65_521);

function madeUpNumbers(count: number): Float32Array {
  const generator = new Generator(0);
  return Float32Array.from({ length: count }, () => {
    const u = generator.nextUint32() / 2 ** 31 - 1;
    return 8 * u ** 15;
  });
}

/** The work that tensors are computed from without other work in between. */
function nearestWork(tensors: readonly Tensor[]): Node[] {
  const seen = new Set<Node>();
  const work: Node[] = [];
  const pending = tensors.filter(({ realized }) => !realized).map(({ node }) => node);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (isWork(node)) work.push(node);
    else for (const input of node.inputs) if (!input.realized) pending.push(input.node);
  }
  // Values are drawn in the order of the graph, whatever order it was walked in.
  return work.sort((a, b) => a.id - b.id);
}
