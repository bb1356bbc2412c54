import type { Shape, Variable } from "@detectron-ts/tensor";
import { LayerOptionError } from "../errors.ts";
import { defaultGenerator, type Generator } from "./generator.ts";

/** Which number of connections keeps its scale: of inputs (forward) or of outputs (backward). */
export type FanMode = "fanIn" | "fanOut";

let drawing = true;

/**
 * Runs `body`, in which nothing is drawn at random: new weights stay zero, constants are still set. For
 * building a model whose weights a checkpoint brings; drawing those of a ResNet-50 takes seconds.
 *
 * @param body Synchronous.
 */
export function withoutDrawing<T>(body: () => T): T {
  const outer = drawing;
  drawing = false;
  try {
    return body();
  } finally {
    drawing = outer;
  }
}

function fill(variable: Variable, value: () => number): void {
  if (!drawing) return;
  const data = new Float32Array(variable.size);
  for (let i = 0; i < data.length; i++) data[i] = value();
  variable.set(data);
}

/** Sets every element to `value`; the bias a layer does not have (null) is left alone. */
export function constant(variable: Variable | null, value: number): void {
  variable?.set(new Float32Array(variable.size).fill(value));
}

/** Uniform in [low, high]. */
export function uniform(
  variable: Variable,
  { low = 0, high = 1 }: { low?: number; high?: number } = {},
  generator: Generator = defaultGenerator,
): void {
  // 32 random bits fill the 24 of a float32.
  const step = (high - low) / 2 ** 32;
  fill(variable, () => low + step * generator.nextUint32());
}

/** Normal. */
export function normal(
  variable: Variable,
  { mean = 0, std = 1 }: { mean?: number; std?: number } = {},
  generator: Generator = defaultGenerator,
): void {
  fill(variable, () => mean + std * generator.normal());
}

/**
 * Normal, drawn again until within [low, high] (values, not standard deviations).
 *
 * @throws LayerOptionError when that interval is empty or more than two standard deviations off the mean,
 *   where drawing again would take long.
 */
export function truncNormal(
  variable: Variable,
  {
    mean = 0,
    std = 1,
    low = -2,
    high = 2,
  }: { mean?: number; std?: number; low?: number; high?: number } = {},
  generator: Generator = defaultGenerator,
): void {
  if (!(low < high && low <= mean + 2 * std && high >= mean - 2 * std)) {
    const detail = `[${low}, ${high}] has to lie within two standard deviations (${std}) of ${mean}`;
    throw new LayerOptionError("truncNormal", "interval", detail);
  }
  fill(variable, () => {
    for (;;) {
      const value = mean + std * generator.normal();
      if (value >= low && value <= high) return value;
    }
  });
}

/**
 * Connections into and out of one unit. Weights are out×in(×kernel); those of transposed convolutions lie
 * the other way round and are counted as they lie, as PyTorch does.
 */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const [first, second, ...kernel] = shape;
  if (first === undefined || second === undefined) {
    const detail = `[${shape.join(", ")}] has to have two axes or more`;
    throw new LayerOptionError("fans", "shape", detail);
  }
  const receptiveField = kernel.reduce((product, side) => product * side, 1);
  return { fanIn: second * receptiveField, fanOut: first * receptiveField };
}

/** Options of the two Kaiming schemes. */
export interface KaimingOptions {
  /** Slope of the leaky ReLU that follows: 0 (the default) is ReLU, 1 none at all. */
  readonly negativeSlope?: number;
  /** `"fanIn"` when left out. */
  readonly mode?: FanMode;
}

// A rectifier of slope a passes (1 + a²) / 2 of its input's variance on, so weights of variance
// 2 / ((1 + a²) · fan) keep the variance (He et al., "Delving deep into rectifiers", 2015, eq. 15).
function kaimingStd(shape: Shape, { negativeSlope = 0, mode = "fanIn" }: KaimingOptions): number {
  return Math.sqrt(2 / ((1 + negativeSlope ** 2) * fans(shape)[mode]));
}

/** Normal with the variance that keeps a rectifier network's signals at their scale (He et al. 2015). */
export function kaimingNormal(
  variable: Variable,
  options: KaimingOptions = {},
  generator?: Generator,
): void {
  normal(variable, { std: kaimingStd(variable.shape, options) }, generator);
}

/** Uniform with the variance of {@link kaimingNormal}: within ±√3 standard deviations. */
export function kaimingUniform(
  variable: Variable,
  options: KaimingOptions = {},
  generator?: Generator,
): void {
  const bound = Math.sqrt(3) * kaimingStd(variable.shape, options);
  uniform(variable, { low: -bound, high: bound }, generator);
}

/** Uniform within ±√(6 / (fanIn + fanOut)) (Glorot and Bengio 2010, eq. 16). */
export function xavierUniform(variable: Variable, generator?: Generator): void {
  const { fanIn, fanOut } = fans(variable.shape);
  const bound = Math.sqrt(6 / (fanIn + fanOut));
  uniform(variable, { low: -bound, high: bound }, generator);
}
