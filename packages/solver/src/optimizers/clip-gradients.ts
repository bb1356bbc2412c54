/** How gradients are kept small before a step. */
export interface ClipGradientsOptions {
  /**
   * `value` limits each element, `norm` the norm of each parameter's gradient, as detectron2's configs have it;
   * `full_model` the norm of all gradients together, as projects on top of it do.
   */
  readonly type: "value" | "norm" | "full_model";
  /** The limit, of absolute values or of the norm. */
  readonly value: number;
  /** Exponent of the norm, `Infinity` for the largest absolute value; 2 when left out. */
  readonly normType?: number;
}

/** What is done to a gradient: its elements are limited to ±`limit` and multiplied by `scale`. */
export interface GradientBound {
  readonly limit: number;
  readonly scale: number;
}

/** Added to norms before dividing by them, as PyTorch does. */
const NORM_EPSILON = 1e-6;

/** The bound of each gradient. Mirrors `torch.nn.utils.clip_grad_value_` and `clip_grad_norm_`. */
export function gradientBounds(
  gradients: readonly Float32Array[],
  { type, value, normType = 2 }: ClipGradientsOptions,
): GradientBound[] {
  if (type === "value") return gradients.map(() => ({ limit: value, scale: 1 }));
  const norms = gradients.map((gradient) => norm(gradient, normType));
  if (type === "norm") return norms.map((each) => normBound(each, value));
  const bound = normBound(norm(norms, normType), value);
  return gradients.map(() => bound);
}

/** A NaN norm makes a NaN of the scale: a broken gradient is not to be hidden. */
function normBound(gradientNorm: number, maxNorm: number): GradientBound {
  const scale = maxNorm / Math.fround(gradientNorm + NORM_EPSILON);
  return { limit: Infinity, scale: Math.fround(Math.min(scale, 1)) };
}

/** The gradient within its bound: a copy, or itself where the bound changes nothing. NaN stays NaN. */
export function bounded(gradient: Float32Array, { limit, scale }: GradientBound): Float32Array {
  if (limit === Infinity && scale === 1) return gradient;
  const result = new Float32Array(gradient.length);
  for (let i = 0; i < gradient.length; i++) {
    result[i] = Math.min(Math.max(gradient[i], -limit), limit) * scale;
  }
  return result;
}

/** The p-norm, in float32. */
function norm(values: ArrayLike<number>, p: number): number {
  let total = 0;
  if (p === Infinity) {
    for (let i = 0; i < values.length; i++) total = Math.max(total, Math.abs(values[i]));
    return total;
  }
  if (p === 2) {
    for (let i = 0; i < values.length; i++) total += values[i] * values[i];
    return Math.fround(Math.sqrt(total));
  }
  for (let i = 0; i < values.length; i++) total += Math.abs(values[i]) ** p;
  return Math.fround(total ** (1 / p));
}
