/** Bits behind the binary point of {@link cosine}'s arithmetic: twice those of a double, and some for rounding. */
const FRACTION_BITS = 128;
const ONE = 1n << BigInt(FRACTION_BITS);

/**
 * The cosine, rounded correctly. `Math.cos` may be off in the last digit and differs between engines, which would
 * show in learning rates near the end of a schedule, where 1 + cos cancels.
 *
 * The Taylor series 1 - x²/2! + x⁴/4! - …, in fixed point.
 *
 * @param angle In radians, from 0 to π, for which the series takes some twenty terms.
 */
export function cosine(angle: number): number {
  const x = BigInt(Math.round(angle * 2 ** 100)) << BigInt(FRACTION_BITS - 100);
  const square = (x * x) / ONE;
  let sum = ONE;
  let term = ONE;
  for (let k = 1n; term !== 0n; k += 2n) {
    term = (-term * square) / (ONE * k * (k + 1n));
    sum += term;
  }
  return Number(sum) / 2 ** FRACTION_BITS;
}
