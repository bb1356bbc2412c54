import type { Tensor } from "@detectron-ts/tensor";

/** The values of a float32 tensor, computed if need be. */
export async function float32Data(tensor: Tensor): Promise<Float32Array> {
  const data = await tensor.data();
  if (data instanceof Float32Array) return data;
  throw new TypeError(`Wanted float32 values, got ${tensor.dtype}.`);
}
