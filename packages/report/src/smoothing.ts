import { blur } from "d3-array";

/**
 * Smooths values by an average that weighs neighbours about as a Gaussian does (a moving average, three times over).
 * Values that aren't finite stay NaN and weigh nothing in their neighbours' averages.
 *
 * With w = 1 for finite values and 0 for others: blur(w · value) / blur(w).
 *
 * @param radius Neighbours on either side that one pass averages over; 0 changes nothing, fractions are allowed.
 */
export function smooth(values: readonly number[], radius: number): number[] {
  const finite = values.map(Number.isFinite);
  const sums = blur(
    values.map((value, i) => (finite[i] ? value : 0)),
    radius,
  );
  const weights = blur(finite.map(Number), radius);
  return values.map((_, i) => (finite[i] ? sums[i] / weights[i] : NaN));
}
