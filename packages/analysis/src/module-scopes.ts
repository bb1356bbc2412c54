import { foldsIntoConvolution, GroupNorm, type AnyModule, type HookHandle } from "@detectron-ts/nn";
import { Tensor, zeros } from "@detectron-ts/tensor";
import { normCost, type OperatorCost } from "./operator-cost.ts";

/** From this node on, operations belong to a module. */
interface Boundary {
  readonly firstNode: number;
  readonly path: string;
}

/**
 * Knows which module made a node. Nodes are numbered as they are made, so it is enough to note the number at which each
 * module was entered and left.
 */
export class ModuleScopes implements Disposable {
  readonly #boundaries: Boundary[] = [];
  readonly #open: string[] = [];
  readonly #handles: HookHandle[];
  readonly #composites = new Map<number, OperatorCost>();

  /** Watches all modules of a model until disposed of, except norms that are part of the convolution before them. */
  constructor(model: AnyModule) {
    this.#handles = [...model.namedModules()]
      .filter(([, module]) => !foldsIntoConvolution(module))
      .flatMap(([path, module]) => [
        module.registerForwardPreHook(() => this.#enter(path)),
        module.registerForwardHook((_, __, output) => this.#leave(path, module, output)),
      ]);
  }

  /** Checkpoint name of the innermost module that made a node; empty for the model itself. */
  pathOf(node: number): string {
    let [low, high] = [0, this.#boundaries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#boundaries[middle].firstNode <= node) low = middle + 1;
      else high = middle;
    }
    return this.#boundaries[low - 1]?.path ?? "";
  }

  /** Cost of a norm that is made of many operations, under the node of its result. */
  compositeCost(node: number): OperatorCost | undefined {
    return this.#composites.get(node);
  }

  [Symbol.dispose](): void {
    for (const handle of this.#handles) handle.remove();
  }

  #enter(path: string): void {
    this.#open.push(path);
    this.#mark();
  }

  #leave(path: string, module: AnyModule, output: unknown): void {
    if (module instanceof GroupNorm && output instanceof Tensor) {
      this.#composites.set(output.node.id, normCost("group_norm", output.shape));
    }
    this.#open.splice(this.#open.lastIndexOf(path), 1);
    this.#mark();
  }

  #mark(): void {
    // A node of our own tells which number is next.
    this.#boundaries.push({ firstNode: zeros([]).node.id, path: this.#open.at(-1) ?? "" });
  }
}
