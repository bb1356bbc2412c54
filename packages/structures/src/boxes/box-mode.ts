import ndarray, { type NdArray } from "ndarray";

import { allocateLike, isNdArray, rowMajorData } from "../arrays/rows.ts";
import { BoxModeError, StructureShapeError } from "../errors.ts";

/** The arrays in which {@link BoxMode.convert} takes boxes. */
export type BoxArray = Float32Array | Float64Array | Int32Array;

/**
 * How four (or five) numbers describe a box; the values are those of `detectron2.structures.BoxMode`, as stored in
 * dataset files.
 */
export const BoxMode = {
  /** Left, top, right, bottom in pixels. */
  XYXY_ABS: 0,
  /** Left, top, width, height in pixels, as COCO writes boxes. */
  XYWH_ABS: 1,
  /** Corners in [0, 1], relative to the image. No conversion. */
  XYXY_REL: 2,
  /** Corner and size in [0, 1], relative to the image. No conversion. */
  XYWH_REL: 3,
  /** Centre, width, height in pixels and angle in degrees, counter-clockwise. */
  XYWHA_ABS: 4,
  /** Converts one box or an N×4 or N×5 array from one mode to another; see {@link convertBoxes}. */
  convert: convertBoxes,
} as const;

/** One of the modes of {@link BoxMode}. */
export type BoxMode = 0 | 1 | 2 | 3 | 4;

/**
 * Converts boxes. The same mode gives back the very input. A list is computed in float32, an array in its own type:
 * integers stay integers. From a rotated box comes the upright rectangle around it, computed in float64.
 *
 * @param boxes - one box as a list, or N×4 (N×5 for XYWHA_ABS).
 * @throws {@link BoxModeError} for pairs that detectron2 does not convert either.
 * @throws {@link StructureShapeError} if boxes do not have as many numbers as their mode.
 */
function convertBoxes(boxes: readonly number[], from: BoxMode, to: BoxMode): number[];
function convertBoxes<T extends BoxArray>(
  boxes: NdArray<T>,
  from: BoxMode,
  to: BoxMode,
): NdArray<T>;
function convertBoxes(
  boxes: readonly number[] | NdArray<BoxArray>,
  from: BoxMode,
  to: BoxMode,
): readonly number[] | NdArray<BoxArray> {
  if (from === to) return boxes;
  const conversion = CONVERSIONS.find((entry) => entry.from === from && entry.to === to);
  if (!conversion) throw new BoxModeError(from, to);

  const array = isNdArray(boxes) ? boxes : ndarray(Float32Array.from(boxes), [1, boxes.length]);
  const source = rowMajorData(array);
  const { sourceSize, targetSize, convertRow } = conversion;
  if (array.shape.length !== 2 || array.shape[1] !== sourceSize) {
    throw new StructureShapeError("Boxes of this mode", array.shape, `[any, ${sourceSize}]`);
  }
  const [numBoxes] = array.shape;
  const target = allocateLike(source, numBoxes * targetSize);
  for (let row = 0; row < numBoxes; row++) {
    convertRow(source, row * sourceSize, target, row * targetSize);
  }
  return isNdArray(boxes) ? ndarray(target, [numBoxes, targetSize]) : Array.from(target);
}

interface Conversion {
  readonly from: BoxMode;
  readonly to: BoxMode;
  readonly sourceSize: number;
  readonly targetSize: number;
  readonly convertRow: (
    source: BoxArray,
    sourceOffset: number,
    target: BoxArray,
    targetOffset: number,
  ) => void;
}

/** Sums are stored in the array's own type, which rounds (floats) or cuts toward zero (integers). */
const CONVERSIONS: readonly Conversion[] = [
  {
    from: BoxMode.XYXY_ABS,
    to: BoxMode.XYWH_ABS,
    sourceSize: 4,
    targetSize: 4,
    convertRow(source, s, target, t) {
      target[t] = source[s];
      target[t + 1] = source[s + 1];
      target[t + 2] = source[s + 2] - source[s];
      target[t + 3] = source[s + 3] - source[s + 1];
    },
  },
  {
    from: BoxMode.XYWH_ABS,
    to: BoxMode.XYXY_ABS,
    sourceSize: 4,
    targetSize: 4,
    convertRow(source, s, target, t) {
      target[t] = source[s];
      target[t + 1] = source[s + 1];
      target[t + 2] = source[s] + source[s + 2];
      target[t + 3] = source[s + 1] + source[s + 3];
    },
  },
  {
    from: BoxMode.XYWHA_ABS,
    to: BoxMode.XYXY_ABS,
    sourceSize: 5,
    targetSize: 4,
    convertRow(source, s, target, t) {
      const angle = (source[s + 4] * Math.PI) / 180;
      const cos = Math.abs(Math.cos(angle));
      const sin = Math.abs(Math.sin(angle));
      const width = cos * source[s + 2] + sin * source[s + 3];
      const height = cos * source[s + 3] + sin * source[s + 2];
      target[t] = source[s] - width / 2;
      target[t + 1] = source[s + 1] - height / 2;
      target[t + 2] = source[s] + width / 2;
      target[t + 3] = source[s + 1] + height / 2;
    },
  },
  {
    from: BoxMode.XYWH_ABS,
    to: BoxMode.XYWHA_ABS,
    sourceSize: 4,
    targetSize: 5,
    convertRow(source, s, target, t) {
      target[t] = source[s] + source[s + 2] / 2;
      target[t + 1] = source[s + 1] + source[s + 3] / 2;
      target[t + 2] = source[s + 2];
      target[t + 3] = source[s + 3];
      target[t + 4] = 0;
    },
  },
];
