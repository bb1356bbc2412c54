import type { Tensor } from "@detectron-ts/tensor";
import { type AnyModule, Module, ModuleBase } from "./module.ts";

/** A module or a function from tensor to tensor. */
export type Layer = (x: Tensor) => Tensor;

/**
 * Applies layers one after the other. Layers have the names `"0"`, `"1"`, …; a plain function such as
 * {@link relu} counts, as a module without parameters would.
 */
export class Sequential extends Module<[x: Tensor], Tensor> {
  /** Functions, and the names of children: a child may be replaced after it was added. */
  readonly #layers: (Layer | string)[] = [];

  constructor(...layers: readonly Layer[]) {
    super();
    for (const layer of layers) this.add(layer);
  }

  /**
   * Appends a layer.
   *
   * @param checkpointName Of a module; its position when left out.
   * @throws ModuleNameError when the name is taken or no name.
   */
  add(layer: Layer, checkpointName = String(this.#layers.length)): this {
    if (layer instanceof ModuleBase) {
      this.registerModule(checkpointName, layer);
      this.#layers.push(checkpointName);
    } else {
      this.#layers.push(layer);
    }
    return this;
  }

  forward(x: Tensor): Tensor {
    const children = this.namedChildren();
    return this.#layers.reduce<Tensor>((current, layer) => {
      const call =
        typeof layer === "string" ? (children.get(layer) as Module<[Tensor], Tensor>) : layer;
      return call(current);
    }, x);
  }
}

/** A list of modules with the names `"0"`, `"1"`, …; it computes nothing itself. */
export class ModuleList<M extends AnyModule> extends Module<never, never> {
  constructor(modules: Iterable<M> = []) {
    super();
    for (const module of modules) this.push(module);
  }

  /** Number of modules. */
  get size(): number {
    return this.namedChildren().size;
  }

  /** Appends a module. */
  push(module: M): this {
    this.registerModule(String(this.size), module);
    return this;
  }

  /** The module at a position, counted from the end when negative; undefined when there is none. */
  at(index: number): M | undefined {
    return [...this].at(index);
  }

  [Symbol.iterator](): IterableIterator<M> {
    return (this.children() as M[])[Symbol.iterator]();
  }

  /** @throws TypeError always: iterate and call the members. */
  forward(): never {
    throw new TypeError("a ModuleList computes nothing: call its members");
  }
}

/** Returns its input. */
export class Identity extends Module<[x: Tensor], Tensor> {
  forward(x: Tensor): Tensor {
    return x;
  }
}

/** `max(x, 0)`, as an activation. */
export function relu(x: Tensor): Tensor {
  return x.relu();
}

/** `x · Φ(x)`, as an activation: GELU, not its approximation by tanh ("Gaussian Error Linear Units", Hendrycks 2016). */
export function gelu(x: Tensor): Tensor {
  return x.gelu();
}
