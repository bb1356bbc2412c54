/** Longest part that is left to insertion. */
const LONGEST_INSERTION = 17;

/**
 * Positions of the values from high to low, equal ones in the order that NumPy's `argsort(-values)` gives them.
 *
 * NumPy's default sort is not stable, and among scores rounded to three decimals ties are common enough for their order to
 * show in the results. It is a quicksort around the median of the first, middle and last value, and sorts short parts by
 * insertion. (Newer versions of NumPy have vector instructions do it, in yet another order.)
 */
export function argsortDescending(values: ArrayLike<number>): Int32Array {
  const order = Int32Array.from({ length: values.length }, (_, i) => i);
  const before = (a: number, b: number): boolean => values[a] > values[b];
  const swap = (i: number, j: number): void => {
    [order[i], order[j]] = [order[j], order[i]];
  };

  const sort = (first: number, last: number): void => {
    if (last - first < LONGEST_INSERTION) return insertionSort(order, first, last, before);
    const middle = (first + last) >> 1;
    if (before(order[middle], order[first])) swap(middle, first);
    if (before(order[last], order[middle])) swap(last, middle);
    if (before(order[middle], order[first])) swap(middle, first);
    // First and last are on their sides already; the pivot waits beside the last.
    const pivot = order[middle];
    let low = first;
    let high = last - 1;
    swap(middle, high);
    for (;;) {
      do {
        low++;
      } while (before(order[low], pivot));
      do {
        high--;
      } while (before(pivot, order[high]));
      if (low >= high) break;
      swap(low, high);
    }
    swap(low, last - 1);
    sort(first, low - 1);
    sort(low + 1, last);
  };
  sort(0, order.length - 1);
  return order;
}

function insertionSort(
  order: Int32Array,
  first: number,
  last: number,
  before: (a: number, b: number) => boolean,
): void {
  for (let i = first + 1; i <= last; i++) {
    const moving = order[i];
    let position = i;
    for (; position > first && before(moving, order[position - 1]); position--) {
      order[position] = order[position - 1];
    }
    order[position] = moving;
  }
}
