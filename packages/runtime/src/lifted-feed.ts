import type { LiftedValue, Node } from "@detectron-ts/tensor";
import type { FeedValue } from "./onnxruntime.ts";

/** A lifted value of a node as something to feed: an int64 vector, or a float32 scalar. */
export function liftedFeed(node: Node, name: string): FeedValue {
  const value = (node.lifted as Readonly<Record<string, LiftedValue>>)[name];
  if (typeof value === "number") {
    return { dtype: "float32", shape: [], data: Float32Array.of(value) };
  }
  const data = new BigInt64Array(value.length);
  for (let i = 0; i < value.length; i++) data[i] = BigInt(value[i]);
  return { dtype: "int64", shape: [value.length], data };
}
