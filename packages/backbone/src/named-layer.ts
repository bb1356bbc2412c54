import { type AnyModule, Module } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";

/**
 * The child that a module registered under a computed name, looked up at each use: it may have been replaced
 * since.
 */
export function namedLayer(parent: AnyModule, name: string): Module<[x: Tensor], Tensor> {
  return parent.getSubmodule(name, Module<[x: Tensor], Tensor>);
}
