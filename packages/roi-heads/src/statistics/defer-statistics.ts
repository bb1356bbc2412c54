import { getEventStorage, hasEventStorage } from "@detectron-ts/events";
import type { Tensor } from "@detectron-ts/tensor";

/**
 * Records numbers about predictions in the current event storage, once the losses that these are part of have been
 * computed; nothing without a storage. The predictions' values are taken from that computation: none is added for them.
 *
 * @param predictions - float32. Without values in the end, as when their losses are left out of the sum, they have no
 *   statistics.
 * @param statistics - scalars by name, of the values of `predictions` in row-major order.
 */
export function deferStatistics(
  predictions: Tensor,
  statistics: (values: Float32Array) => Readonly<Record<string, number>>,
): void {
  if (!hasEventStorage()) return;
  const storage = getEventStorage();
  predictions.keep();
  storage.defer(() => {
    if (!predictions.realized) return;
    const values = predictions.dataSync();
    if (values instanceof Float32Array) storage.putScalars(statistics(values));
  });
}
