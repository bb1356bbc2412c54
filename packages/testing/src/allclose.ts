import { flatten, unravel, type FlatValues } from "./flatten.ts";

/** Bounds of `|actual - expected| <= atol + rtol * |expected|`, as in NumPy and PyTorch. */
export interface Tolerance {
  /** Absolute tolerance, 1e-5 by default. */
  readonly atol?: number;
  /** Relative tolerance, 1e-5 by default. */
  readonly rtol?: number;
}

/** The verdict of {@link compareAllclose}, with a message that says where the two arrays part. */
export interface Comparison {
  readonly pass: boolean;
  readonly message: string;
}

const SHOWN_DIFFERENCES = 5;

/**
 * Compares two arrays element by element. Equal infinities are close and NaN is close to NaN only. Shapes must agree
 * when both sides have one; a flat list of numbers claims no shape and only needs the same number of elements.
 */
export function compareAllclose(
  actual: unknown,
  expected: unknown,
  { atol = 1e-5, rtol = 1e-5 }: Tolerance = {},
): Comparison {
  const got = flatten(actual);
  const want = flatten(expected);
  const mismatch = shapeMismatch(got, want);
  if (mismatch !== undefined) return { pass: false, message: mismatch };

  const differing: { index: number; excess: number }[] = [];
  for (let index = 0; index < want.values.length; index++) {
    const excess = excessOver(got.values[index], want.values[index], atol, rtol);
    if (excess > 0) differing.push({ index, excess });
  }
  const tolerance = `atol ${atol}, rtol ${rtol}`;
  if (differing.length === 0) {
    return { pass: true, message: `all ${want.values.length} elements are within ${tolerance}` };
  }

  const shape = want.shape ?? got.shape;
  const line = (index: number) =>
    `  at [${unravel(index, shape).join(", ")}]: got ${got.values[index]}, expected ${want.values[index]}` +
    `, difference ${Math.abs(got.values[index] - want.values[index])}`;
  const worst = differing.reduce((a, b) => (b.excess > a.excess ? b : a));
  const first = differing.slice(0, SHOWN_DIFFERENCES).map(({ index }) => line(index));
  return {
    pass: false,
    message: [
      `${differing.length} of ${want.values.length} elements differ (${tolerance}); the worst:`,
      line(worst.index),
      differing.length > SHOWN_DIFFERENCES ? `the first ${SHOWN_DIFFERENCES}:` : "all of them:",
      ...first,
    ].join("\n"),
  };
}

/** By how much a difference exceeds its bound; 0 or less is close. A NaN on one side only is infinitely far. */
function excessOver(actual: number, expected: number, atol: number, rtol: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  const bound = atol + rtol * Math.abs(expected);
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return Infinity;
  return Math.abs(actual - expected) - bound;
}

function shapeMismatch(got: FlatValues, want: FlatValues): string | undefined {
  if (got.shape && want.shape && got.shape.join() !== want.shape.join()) {
    return `shapes differ: got [${got.shape.join(", ")}], expected [${want.shape.join(", ")}]`;
  }
  if (got.values.length !== want.values.length) {
    return `lengths differ: got ${got.values.length} elements, expected ${want.values.length}`;
  }
  return undefined;
}
