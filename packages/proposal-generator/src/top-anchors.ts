/*
 * A bounded heap, the worst member at its root, meets each value once and mostly with a single comparison: after n
 * values of random order, k·log(n/k) have entered. Sorting 200 000 logits would take longer than the rest of the
 * selection together.
 *
 * One member is worse than another if its value is lower or, values being equal, its number higher.
 */

/**
 * The anchors of highest logit, at one level of one image: the highest first, equal ones in the order of the anchors.
 * NaN counts as infinite, so that it is not passed over in silence.
 *
 * Predictions are stored anchor by anchor (A×H×W), while anchors are numbered by location first: anchor `a` of location
 * `l` has number `l·A + a`.
 *
 * @param logits - predictions; those wanted begin at `start`.
 * @param numCellAnchors - A, anchors at each location.
 * @param numLocations - H·W.
 * @returns numbers of the best `k` anchors, or of all if there are not so many.
 */
export function topAnchors(
  logits: Float32Array,
  start: number,
  numCellAnchors: number,
  numLocations: number,
  k: number,
): Int32Array {
  const size = Math.min(k, numCellAnchors * numLocations);
  const values = new Float32Array(size);
  const numbers = new Int32Array(size);
  let number = 0;
  for (let location = 0; location < numLocations; location++) {
    let at = start + location;
    for (let anchor = 0; anchor < numCellAnchors; anchor++, at += numLocations, number++) {
      const logit = logits[at];
      const value = Number.isNaN(logit) ? Infinity : logit;
      if (number < size) {
        values[number] = value;
        numbers[number] = number;
        if (number === size - 1) heapify(values, numbers);
      } else if (value > values[0]) {
        // An equal value would come after those already there, hence the strict comparison.
        sink(values, numbers, 0, size, value, number);
      }
    }
  }

  // The worst leaves the heap for the place behind it, until the best is left in front.
  for (let end = size - 1; end > 0; end--) {
    const value = values[end];
    const last = numbers[end];
    values[end] = values[0];
    numbers[end] = numbers[0];
    sink(values, numbers, 0, end, value, last);
  }
  return numbers;
}

function heapify(values: Float32Array, numbers: Int32Array): void {
  const { length } = values;
  for (let slot = (length >> 1) - 1; slot >= 0; slot--) {
    sink(values, numbers, slot, length, values[slot], numbers[slot]);
  }
}

/** Puts a member into `slot` of the heap of the first `size` members, or below it. */
function sink(
  values: Float32Array,
  numbers: Int32Array,
  slot: number,
  size: number,
  value: number,
  number: number,
): void {
  for (;;) {
    let child = 2 * slot + 1;
    if (child >= size) break;
    const sibling = child + 1;
    if (
      sibling < size &&
      isWorse(values[sibling], numbers[sibling], values[child], numbers[child])
    ) {
      child = sibling;
    }
    if (!isWorse(values[child], numbers[child], value, number)) break;
    values[slot] = values[child];
    numbers[slot] = numbers[child];
    slot = child;
  }
  values[slot] = value;
  numbers[slot] = number;
}

function isWorse(value: number, number: number, than: number, thanNumber: number): boolean {
  return value < than || (value === than && number > thanNumber);
}
