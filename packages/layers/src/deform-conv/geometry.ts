import { LayerShapeError } from "../errors.ts";
import type { FeatureShape } from "@detectron-ts/tensor";

/** How a deformable convolution walks over its input. */
export interface DeformConvGeometry {
  readonly kernelSize: readonly [height: number, width: number];
  readonly stride: readonly [height: number, width: number];
  readonly padding: readonly [height: number, width: number];
  readonly dilation: readonly [height: number, width: number];
  /** Channel groups that each have offsets (and masks) of their own. */
  readonly deformableGroups: number;
}

/** Height and width of the output of a convolution over `height`×`width` cells. */
function outputSizeOf(
  height: number,
  width: number,
  { kernelSize, stride, padding, dilation }: Omit<DeformConvGeometry, "deformableGroups">,
): readonly [height: number, width: number] {
  const along = (axis: 0 | 1, length: number) =>
    Math.floor(
      (length + 2 * padding[axis] - dilation[axis] * (kernelSize[axis] - 1) - 1) / stride[axis],
    ) + 1;
  return [along(0, height), along(1, width)];
}

/**
 * Refuses offsets and masks that do not belong to an input of `inputShape`.
 *
 * @returns height and width of the output.
 * @throws LayerShapeError naming the argument, its shape and the shape wanted.
 */
export function checkOffsets(
  layer: string,
  inputShape: FeatureShape,
  offsetShape: readonly number[],
  maskShape: readonly number[] | undefined,
  geometry: DeformConvGeometry,
): readonly [height: number, width: number] {
  const [n, c, h, w] = inputShape;
  const { kernelSize, deformableGroups } = geometry;
  if (c % deformableGroups !== 0) {
    const wanted = `channels divisible into ${deformableGroups} deformable groups`;
    throw new LayerShapeError(layer, "input", inputShape, wanted);
  }
  const output = outputSizeOf(h, w, geometry);
  const taps = deformableGroups * kernelSize[0] * kernelSize[1];
  requireExactly(layer, "offset", offsetShape, [n, 2 * taps, ...output]);
  if (maskShape) requireExactly(layer, "mask", maskShape, [n, taps, ...output]);
  return output;
}

function requireExactly(
  layer: string,
  argument: string,
  got: readonly number[],
  wanted: readonly number[],
): void {
  if (got.join() !== wanted.join()) {
    throw new LayerShapeError(layer, argument, got, `[${wanted.join(", ")}]`);
  }
}
