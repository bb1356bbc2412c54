import { pair, Parameter, type PairOption } from "@detectron-ts/tensor";
import { LayerOptionError } from "../errors.ts";

/** A parameter of zeros, for an initialisation scheme to fill. */
export function zeroParameter(...shape: readonly number[]): Parameter {
  return new Parameter(new Float32Array(shape.reduce((size, side) => size * side, 1)), shape);
}

/** @throws LayerOptionError when `value` is no positive integer. */
export function checkPositive(layer: string, option: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new LayerOptionError(layer, option, `has to be a positive integer, got ${value}`);
  }
}

/** What the two convolutions have in common. */
export interface ConvolutionSizes {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: PairOption;
  readonly groups: number;
}

/** @throws LayerOptionError when no kernel has these sizes. */
export function checkConvolutionSizes(layer: string, sizes: ConvolutionSizes): void {
  const { inChannels, outChannels, kernelSize, groups } = sizes;
  for (const side of pair(kernelSize)) checkPositive(layer, "kernelSize", side);
  checkPositive(layer, "groups", groups);
  for (const [option, channels] of Object.entries({ inChannels, outChannels })) {
    checkPositive(layer, option, channels);
    if (channels % groups !== 0) {
      throw new LayerOptionError(
        layer,
        option,
        `(${channels}) does not divide into ${groups} groups`,
      );
    }
  }
}

function text(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
}

/** Options as the printed module lists them, those of the usual value left out. */
export function formatOptions(
  options: Readonly<Record<string, unknown>>,
  usual: Readonly<Record<string, unknown>> = {},
): string {
  return Object.entries(options)
    .filter(([option, value]) => text(value) !== text(usual[option]))
    .map(([option, value]) => `${option}=${text(value)}`)
    .join(", ");
}
