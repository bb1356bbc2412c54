/**
 * Indices that sort `scores` from high to low. Equal scores keep their order; NaN counts as the highest,
 * as in PyTorch's sort.
 */
export function decreasingOrder(scores: Float32Array): Int32Array {
  const order = new Int32Array(scores.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  return order.sort((a, b) => compareDecreasing(scores[a], scores[b]));
}

function compareDecreasing(a: number, b: number): number {
  if (a > b) return -1;
  if (a < b) return 1;
  return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
}
