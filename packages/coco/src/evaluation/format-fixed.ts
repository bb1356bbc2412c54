/**
 * A number with so many decimals, exact ties going to the even digit as in C and Python: 0.125 gives `0.12`. JavaScript's
 * `toFixed` rounds ties up. Files and tables written for other programs to read need the former.
 */
export function formatFixed(value: number, decimals: number): string {
  // A tie is an odd multiple of 1 / (2 · 10^decimals). To be a binary fraction it has to be one of 1 / 2^(decimals + 1),
  // and multiplying by a power of two is exact.
  const halves = Math.abs(value) * 2 ** (decimals + 1);
  if (!Number.isInteger(halves) || halves % 2 === 0) return value.toFixed(decimals);
  const scale = 10 ** decimals;
  const below = Math.floor(Math.abs(value) * scale);
  const even = below % 2 === 0 ? below : below + 1;
  return ((Math.sign(value) * even) / scale).toFixed(decimals);
}
