import { Buffer, Parameter, type Variable } from "@detectron-ts/tensor";

/** A trainable vector of equal values. */
export function filledParameter(length: number, value: number): Parameter {
  return new Parameter(new Float32Array(length).fill(value), [length]);
}

/** A vector of equal values that is state and not trained. */
export function filledBuffer(length: number, value: number): Buffer {
  return new Buffer(new Float32Array(length).fill(value), [length]);
}

/** The values of a float32 parameter or buffer. */
export function float32Values(variable: Variable): Float32Array {
  return variable.dataSync() as Float32Array;
}
