import { compareAllclose, type Tolerance } from "./allclose.ts";

/** A scalar function of an array; asynchronous ones are awaited. */
export type ScalarFunction<X extends Float32Array | Float64Array> = (
  x: X,
) => number | Promise<number>;

/**
 * The central-difference gradient `(f(x + eps e_i) - f(x - eps e_i)) / 2 eps` for every element.
 *
 * The divisor is the step as the array's element type could represent it, not the step asked for: in float32 the two
 * differ by more than the truncation error.
 *
 * @param eps 1e-5 is near the best for float64; float32 functions want about 1e-2 (cube root of their precision).
 */
export async function finiteDifference<X extends Float32Array | Float64Array>(
  f: ScalarFunction<X>,
  x: X,
  eps: number = x instanceof Float32Array ? 1e-2 : 1e-5,
): Promise<Float64Array> {
  const gradient = new Float64Array(x.length);
  const probe = x.slice() as X;
  for (let index = 0; index < x.length; index++) {
    probe[index] = x[index] + eps;
    const above = probe[index];
    const valueAbove = await f(probe.slice() as X);
    probe[index] = x[index] - eps;
    const below = probe[index];
    const valueBelow = await f(probe.slice() as X);
    probe[index] = x[index];
    gradient[index] = (valueAbove - valueBelow) / (above - below);
  }
  return gradient;
}

/** What {@link gradcheck} compares. */
export interface GradcheckOptions<X extends Float32Array | Float64Array> extends Tolerance {
  readonly f: ScalarFunction<X>;
  readonly x: X;
  /** The gradient under test, at `x`. */
  readonly gradient: ArrayLike<number>;
  readonly eps?: number;
}

/**
 * Checks a gradient against finite differences.
 *
 * @throws Error that shows the worst and the first disagreeing elements.
 */
export async function gradcheck<X extends Float32Array | Float64Array>(
  options: GradcheckOptions<X>,
): Promise<void> {
  const { f, x, gradient, eps, atol = 1e-3, rtol = 1e-3 } = options;
  const numeric = await finiteDifference(f, x, eps);
  const { pass, message } = compareAllclose(Array.from(gradient), numeric, { atol, rtol });
  if (!pass) throw new Error(`The gradient disagrees with finite differences: ${message}`);
}
