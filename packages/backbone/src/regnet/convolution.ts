import { Conv2d, init } from "@detectron-ts/nn";

/** Options of {@link convolution}. */
export interface ConvolutionOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Odd, so that padding keeps the centre. */
  readonly kernelSize: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly bias?: boolean;
}

/** A convolution that keeps the size but for its stride, without bias; normal of deviation √(2 / fan-out), groups ignored. */
export function convolution({ kernelSize, bias = false, ...options }: ConvolutionOptions): Conv2d {
  const conv = new Conv2d({ ...options, kernelSize, padding: (kernelSize - 1) / 2, bias });
  const fanOut = kernelSize ** 2 * options.outChannels;
  init.normal(conv.weight, { std: Math.sqrt(2 / fanOut) });
  return conv;
}
