import { isNdArray, rowMajorData, StructureShapeError } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";
import ndarray, { type NdArray } from "ndarray";

/**
 * What expresses boxes relative to others by as many numbers as a box has, {@link boxDim}, and decodes them: what detectors
 * know of `Box2BoxTransform`, `Box2BoxTransformLinear` and `Box2BoxTransformRotated`. Arrays are computed at once, in
 * float32 as detectron2 does; lazy tensors give lazy, differentiable tensors.
 *
 * A subclass says how one box of an array is coded, and how tensors are.
 */
export abstract class BoxTransform {
  /** Numbers of a box, and of its deltas: 4, or 5 if boxes are rotated. */
  abstract readonly boxDim: number;

  /**
   * Deltas that lead from source boxes to target boxes.
   *
   * @param sources - N×boxDim; proposals or anchors.
   * @param targets - N×boxDim; ground truth.
   * @returns N×boxDim.
   * @throws {@link StructureShapeError}
   * @throws {@link DegenerateBoxError} from some transforms, for a source array with a box not wider than 0. Lazy tensors
   *   are not checked.
   */
  getDeltas(sources: NdArray<Float32Array>, targets: NdArray<Float32Array>): NdArray<Float32Array>;
  getDeltas(sources: Tensor, targets: Tensor): Tensor;
  getDeltas(
    sources: NdArray<Float32Array> | Tensor,
    targets: NdArray<Float32Array> | Tensor,
  ): NdArray<Float32Array> | Tensor {
    const { boxDim } = this;
    const [numBoxes] = sources.shape;
    checkShape("Source boxes", sources.shape, [null, boxDim]);
    checkShape("Target boxes", targets.shape, [numBoxes, boxDim]);
    if (!isNdArray(sources) && !isNdArray(targets)) return this.encode(sources, targets);
    if (!isNdArray(sources) || !isNdArray(targets)) throw mixedInputs(this);
    const source = rowMajorData(sources);
    const target = rowMajorData(targets);
    const deltas = new Float32Array(boxDim * numBoxes);
    for (let start = 0; start < deltas.length; start += boxDim) {
      this.getDeltasInto(source, start, target, start, deltas, start);
    }
    return ndarray(deltas, [numBoxes, boxDim]);
  }

  /**
   * Boxes that deltas lead to.
   *
   * @param deltas - N×(boxDim·k): k groups of deltas per box, such as one per class.
   * @param boxes - N×boxDim; what the deltas are relative to.
   * @returns N×(boxDim·k).
   * @throws {@link StructureShapeError}
   */
  applyDeltas(deltas: NdArray<Float32Array>, boxes: NdArray<Float32Array>): NdArray<Float32Array>;
  applyDeltas(deltas: Tensor, boxes: Tensor): Tensor;
  applyDeltas(
    deltas: NdArray<Float32Array> | Tensor,
    boxes: NdArray<Float32Array> | Tensor,
  ): NdArray<Float32Array> | Tensor {
    const { boxDim } = this;
    const [numBoxes, numColumns] = deltas.shape;
    if (deltas.shape.length !== 2 || numColumns % boxDim !== 0) {
      throw new StructureShapeError("Deltas", deltas.shape, `[any, ${boxDim}·any]`);
    }
    checkShape("Boxes", boxes.shape, [numBoxes, boxDim]);
    if (!isNdArray(deltas) && !isNdArray(boxes)) return this.decode(deltas, boxes);
    if (!isNdArray(deltas) || !isNdArray(boxes)) throw mixedInputs(this);
    const delta = rowMajorData(deltas);
    const box = rowMajorData(boxes);
    const decoded = new Float32Array(numBoxes * numColumns);
    for (let row = 0; row < numBoxes; row++) {
      const end = (row + 1) * numColumns;
      for (let start = row * numColumns; start < end; start += boxDim) {
        this.applyDeltasInto(delta, start, box, boxDim * row, decoded, start);
      }
    }
    return ndarray(decoded, [numBoxes, numColumns]);
  }

  /**
   * Decodes one box without allocating anything: the numbers of `deltas` from `deltaOffset` on, relative to those of
   * `boxes` from `boxOffset` on, are written to `out` from `outOffset` on. For loops over many boxes; nothing is checked.
   */
  abstract applyDeltasInto(
    deltas: Float32Array,
    deltaOffset: number,
    boxes: Float32Array,
    boxOffset: number,
    out: Float32Array,
    outOffset: number,
  ): void;

  /** Encodes one box in the same manner. */
  protected abstract getDeltasInto(
    sources: Float32Array,
    sourceOffset: number,
    targets: Float32Array,
    targetOffset: number,
    deltas: Float32Array,
    deltaOffset: number,
  ): void;

  /** {@link getDeltas} of tensors whose shapes are right. */
  protected abstract encode(sources: Tensor, targets: Tensor): Tensor;

  /** {@link applyDeltas} of tensors whose shapes are right. */
  protected abstract decode(deltas: Tensor, boxes: Tensor): Tensor;
}

function mixedInputs(transform: BoxTransform): TypeError {
  const { name } = transform.constructor;
  return new TypeError(`${name} takes two arrays or two tensors, not one of each.`);
}

/** `null` rows stand for any number. */
function checkShape(
  what: string,
  shape: readonly number[],
  [rows, columns]: readonly [rows: number | null, columns: number],
): void {
  const fits = shape.length === 2 && (rows === null || shape[0] === rows) && shape[1] === columns;
  if (!fits) throw new StructureShapeError(what, shape, `[${rows ?? "any"}, ${columns}]`);
}
