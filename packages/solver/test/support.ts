import { Parameter } from "@detectron-ts/nn";
import { tensor } from "@detectron-ts/tensor";

/** A vector of weights. */
export function weights(...values: number[]): Parameter {
  return new Parameter(Float32Array.from(values), [values.length]);
}

/** Gives a parameter a gradient, as backward() would. */
export function setGradient(parameter: Parameter, ...values: number[]): void {
  parameter.grad = tensor(Float32Array.from(values), { shape: [...parameter.shape] });
}

/** The values of a parameter. */
export function valuesOf(parameter: Parameter): number[] {
  return Array.from(parameter.dataSync(), Number);
}
