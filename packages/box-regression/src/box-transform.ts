import { StructureShapeError } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";
import type { NdArray } from "ndarray";

/**
 * What expresses upright boxes relative to others by four numbers, and decodes them: what dense detectors know of
 * `Box2BoxTransform` and `Box2BoxTransformLinear`. Arrays are computed at once, in float32 as detectron2 does; lazy
 * tensors give lazy, differentiable tensors.
 */
export interface BoxTransform {
  /** N×4 deltas that lead from N×4 source boxes to N×4 target boxes. */
  getDeltas(sources: NdArray<Float32Array>, targets: NdArray<Float32Array>): NdArray<Float32Array>;
  getDeltas(sources: Tensor, targets: Tensor): Tensor;

  /** N×4k boxes that N×4k deltas, k groups of four for each box, lead to from N×4 boxes. */
  applyDeltas(deltas: NdArray<Float32Array>, boxes: NdArray<Float32Array>): NdArray<Float32Array>;
  applyDeltas(deltas: Tensor, boxes: Tensor): Tensor;

  /**
   * Decodes one box without allocating anything: the four numbers of `deltas` from `deltaOffset` on, relative to the
   * four of `boxes` from `boxOffset` on, are written to `out` from `outOffset` on. For loops over many boxes; nothing
   * is checked.
   */
  applyDeltasInto(
    deltas: Float32Array,
    deltaOffset: number,
    boxes: Float32Array,
    boxOffset: number,
    out: Float32Array,
    outOffset: number,
  ): void;
}

/** @throws {@link StructureShapeError} unless both are N×4, of the same N. */
export function checkEncoded(
  sources: { readonly shape: readonly number[] },
  targets: { readonly shape: readonly number[] },
): void {
  checkShape("Source boxes", sources.shape, null, 4);
  checkShape("Target boxes", targets.shape, sources.shape[0], 4);
}

/** @throws {@link StructureShapeError} unless deltas are N×4k and boxes N×4. */
export function checkDecoded(
  deltas: { readonly shape: readonly number[] },
  boxes: { readonly shape: readonly number[] },
): void {
  checkShape("Deltas", deltas.shape, null, null);
  checkShape("Boxes", boxes.shape, deltas.shape[0], 4);
}

/** What to throw at one array and one tensor. */
export function mixedInputs(transform: string): TypeError {
  return new TypeError(`${transform} takes two arrays or two tensors, not one of each.`);
}

/** `columns` null stands for any multiple of 4, `rows` null for any number. */
function checkShape(
  what: string,
  shape: readonly number[],
  rows: number | null,
  columns: number | null,
): void {
  const fits =
    shape.length === 2 &&
    (rows === null || shape[0] === rows) &&
    (columns === null ? shape[1] % 4 === 0 : shape[1] === columns);
  if (!fits)
    throw new StructureShapeError(what, shape, `[${rows ?? "any"}, ${columns ?? "4·any"}]`);
}
