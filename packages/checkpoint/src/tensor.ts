import {
  type CheckpointDType,
  itemSize,
  swapBytes,
  type TensorData,
  toFloat32,
  typedArrayOver,
} from "./dtype.ts";
import { InvalidTensorError } from "./errors.ts";
import { checkLimit, type CheckpointLimits } from "./limits.ts";
import { type Storage } from "./storage.ts";

/** A tensor in memory: row-major elements. */
export interface TensorValue {
  readonly shape: readonly number[];
  readonly dtype: CheckpointDType;
  readonly data: TensorData;
}

/** A tensor of a checkpoint. Its description is known and checked; its elements stay in the file until read. */
export interface CheckpointTensor {
  /** Dotted path within the file's containers, as `model.backbone.fpn_lateral2.weight`. */
  readonly name: string;
  readonly dtype: CheckpointDType;
  readonly shape: readonly number[];
  /** Bytes of the elements once read: element count times item size. */
  readonly byteLength: number;
  /** Reads the elements, row-major, in the tensor's own dtype. */
  read(): Promise<TensorValue>;
}

/** Reads a tensor's elements as float32; see {@link toFloat32} for the conversion of other dtypes. */
export async function readFloat32(tensor: CheckpointTensor): Promise<Float32Array> {
  const { dtype, data } = await tensor.read();
  return toFloat32(dtype, data);
}

/** What a file says about a tensor, unchecked. Offset and strides count elements. */
export interface TensorDescription {
  readonly name: string;
  readonly dtype: CheckpointDType;
  readonly shape: unknown;
  readonly strides: unknown;
  readonly offset: unknown;
  readonly storage: Storage;
  readonly bigEndian?: boolean;
}

/**
 * Checks a description against its storage and the limits; nothing is read or allocated.
 *
 * @throws {InvalidTensorError} when sizes are negative or no integers, or the view reaches outside its storage.
 * @throws {LimitExceededError} when the tensor is too large.
 */
export function describeTensor(
  description: TensorDescription,
  limits: CheckpointLimits,
): CheckpointTensor {
  const { name, dtype, storage } = description;
  const shape = sizes(name, "shape", description.shape, limits);
  const strides = sizes(name, "strides", description.strides, limits);
  const [offset] = sizes(name, "offset", [description.offset], limits);
  if (strides.length !== shape.length) {
    throw new InvalidTensorError(name, `${shape.length} sizes, but ${strides.length} strides`);
  }
  const count = elementCount(shape);
  const byteLength = count * itemSize(dtype);
  checkLimit(limits, "maxTensorBytes", byteLength, `the size of ${name} in bytes`);
  if (count > 0) {
    const last = shape.reduce((index, size, axis) => index + (size - 1) * strides[axis], offset);
    const wanted = (last + 1) * itemSize(dtype);
    if (wanted > storage.byteLength) {
      throw new InvalidTensorError(
        name,
        `its view reaches byte ${wanted} of a storage of ${storage.byteLength} bytes`,
      );
    }
    if (byteLength > storage.byteLength) {
      checkLimit(limits, "maxExpandedBytes", byteLength, `the size of the expanded view ${name}`);
    }
  }
  const bigEndian = description.bigEndian ?? false;
  return new StridedTensor(name, dtype, shape, strides, offset, byteLength, storage, bigEndian);
}

/**
 * Strides of contiguous elements: row-major, or column-major for Fortran order. As in PyTorch, an axis
 * without elements counts as one of a single element.
 */
export function contiguousStrides(shape: readonly number[], fortranOrder = false): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = 0; i < shape.length; i++) {
    const axis = fortranOrder ? i : shape.length - 1 - i;
    strides[axis] = stride;
    stride *= Math.max(1, shape[axis]);
  }
  return strides;
}

/** Product of the sizes; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** @throws {InvalidTensorError} unless `value` is a list of non-negative integers of an allowed length. */
export function sizes(
  name: string,
  what: string,
  value: unknown,
  limits: CheckpointLimits,
): number[] {
  if (!Array.isArray(value)) throw new InvalidTensorError(name, `its ${what} is no list`);
  checkLimit(limits, "maxTensorRank", value.length, `the number of dimensions of ${name}`);
  return value.map((size: unknown) => {
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
      throw new InvalidTensorError(name, `its ${what}: ${String(size)} is no non-negative integer`);
    }
    return size;
  });
}

class StridedTensor implements CheckpointTensor {
  constructor(
    readonly name: string,
    readonly dtype: CheckpointDType,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly offset: number,
    readonly byteLength: number,
    readonly storage: Storage,
    readonly bigEndian: boolean,
  ) {}

  async read(): Promise<TensorValue> {
    const buffer = new ArrayBuffer(this.byteLength);
    if (this.byteLength > 0) {
      if (this.#isContiguous()) {
        await this.storage.read(new Uint8Array(buffer), this.offset * itemSize(this.dtype));
      } else {
        await this.#gather(new Uint8Array(buffer));
      }
    }
    if (this.bigEndian) swapBytes(new Uint8Array(buffer), itemSize(this.dtype));
    return { shape: this.shape, dtype: this.dtype, data: typedArrayOver(this.dtype, buffer) };
  }

  #isContiguous(): boolean {
    const expected = contiguousStrides(this.shape);
    // The stride of an axis of size 1 is never used.
    return this.shape.every((size, axis) => size === 1 || this.strides[axis] === expected[axis]);
  }

  /** Reads the span that the view covers, then copies its elements in row-major order. */
  async #gather(target: Uint8Array): Promise<void> {
    const { shape, strides } = this;
    const size = itemSize(this.dtype);
    const span = shape.reduce((index, length, axis) => index + (length - 1) * strides[axis], 0) + 1;
    const source = new Uint8Array(span * size);
    await this.storage.read(source, this.offset * size);

    const index = new Array<number>(shape.length).fill(0);
    let from = 0;
    for (let to = 0; to < target.byteLength; to += size) {
      for (let byte = 0; byte < size; byte++) target[to + byte] = source[from * size + byte];
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += strides[axis];
        if (++index[axis] < shape[axis]) break;
        from -= shape[axis] * strides[axis];
        index[axis] = 0;
      }
    }
  }
}
