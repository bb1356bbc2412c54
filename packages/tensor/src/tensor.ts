import ndarray, { type NdArray } from "ndarray";
import { backward } from "./autograd/backward.ts";
import type { GradMode } from "./autograd/grad-mode.ts";
import { sizeOf, type DType, type Shape, type TypedArray } from "./dtype.ts";
import { NotRealizedError, ShapeError } from "./errors.ts";
import { realize } from "./evaluator.ts";
import type { Axes } from "./functions/axes.ts";
import * as convolution from "./functions/convolution.ts";
import { constant } from "./functions/creation.ts";
import * as elementwise from "./functions/elementwise.ts";
import type { Operand } from "./functions/elementwise.ts";
import * as indexing from "./functions/indexing.ts";
import * as movement from "./functions/movement.ts";
import * as reduction from "./functions/reduction.ts";
import type { ReduceOptions } from "./functions/reduction.ts";
import { apply, provideTensor } from "./graph/apply.ts";
import type { Node } from "./graph/node.ts";

/**
 * A lazy tensor: a handle on one output of a node in a graph of operations. Its shape and dtype are known
 * at once; its value is computed when somebody asks for it (`toNdarray`, `data`, `item`, `realize`).
 * Methods are operations: they compute nothing, broadcast by NumPy's rule, and throw a {@link ShapeError}
 * or DTypeError at the call.
 */
export class Tensor {
  constructor(
    /** The operation this tensor is an output of. */
    readonly node: Node,
    /** Which output of the node. */
    readonly index: number,
  ) {}

  get shape(): Shape {
    return this.node.outputs[this.index].shape;
  }

  get dtype(): DType {
    return this.node.outputs[this.index].dtype;
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Whether a gradient can be taken through this tensor. */
  get requiresGrad(): boolean {
    return this.node.requiresGrad;
  }

  /** Whether operations on this tensor record gradients under `mode`. */
  records(_mode: GradMode): boolean {
    return this.requiresGrad;
  }

  /** Whether the value has been computed. */
  get realized(): boolean {
    return this.node.values[this.index] !== undefined;
  }

  /** Computes the value, row-major. The array is the tensor's own: do not write to it. */
  async data(): Promise<TypedArray> {
    await realize(this);
    return this.dataSync();
  }

  /**
   * The value, which must have been computed.
   *
   * @throws NotRealizedError when it has not.
   */
  dataSync(): TypedArray {
    const value = this.node.values[this.index];
    if (value === undefined) throw new NotRealizedError(this.node.op, this.shape);
    return value;
  }

  /** Computes the value as an ndarray over the tensor's own data. */
  async toNdarray(): Promise<NdArray<TypedArray>> {
    return ndarray(await this.data(), [...this.shape]);
  }

  /**
   * Computes the value of a tensor with one element.
   *
   * @throws ShapeError when there are more or none.
   */
  async item(): Promise<number> {
    if (this.size !== 1) throw new ShapeError("item", "wants one element", [this.shape]);
    return Number((await this.data())[0]);
  }

  /** Asks for this value to be kept whenever a bigger graph happens to compute it. */
  keep(): this {
    this.node.keptOutputs.add(this.index);
    return this;
  }

  /** The same value, through which no gradient flows. */
  detach(): Tensor {
    const value = this.node.values[this.index];
    return value === undefined
      ? apply("detach", [this], {}, {})
      : constant(value, this.shape, this.dtype);
  }

  /**
   * Computes this scalar and its gradients, and adds those to `grad` of every parameter it depends on.
   *
   * @throws ShapeError when it is not a scalar, NotDifferentiableError when it depends on no parameter.
   */
  backward(): Promise<void> {
    return backward(this);
  }

  // elementwise

  /** `this + other`. */
  add(other: Operand): Tensor {
    return elementwise.add(this, other);
  }

  /** `this - other`. */
  sub(other: Operand): Tensor {
    return elementwise.sub(this, other);
  }

  /** `this · other`. */
  mul(other: Operand): Tensor {
    return elementwise.mul(this, other);
  }

  /** `this / other`; integers divide toward zero. */
  div(other: Operand): Tensor {
    return elementwise.div(this, other);
  }

  /** `this` to the power of `other`. */
  pow(other: Operand): Tensor {
    return elementwise.pow(this, other);
  }

  /** `-this`. */
  neg(): Tensor {
    return elementwise.neg(this);
  }

  /** Absolute value; gradient 0 at 0. */
  abs(): Tensor {
    return elementwise.abs(this);
  }

  /** -1, 0 or 1. */
  sign(): Tensor {
    return elementwise.sign(this);
  }

  /** Exponential. */
  exp(): Tensor {
    return elementwise.exp(this);
  }

  /** Natural logarithm. */
  log(): Tensor {
    return elementwise.log(this);
  }

  /** Square root. */
  sqrt(): Tensor {
    return elementwise.sqrt(this);
  }

  /** Largest integer not above; gradient 0. */
  floor(): Tensor {
    return elementwise.floor(this);
  }

  /** Sine of radians. */
  sin(): Tensor {
    return elementwise.sin(this);
  }

  /** Cosine of radians. */
  cos(): Tensor {
    return elementwise.cos(this);
  }

  /** Arc tangent in radians. */
  atan(): Tensor {
    return elementwise.atan(this);
  }

  /** Gauss error function. */
  erf(): Tensor {
    return elementwise.erf(this);
  }

  /** `this · Φ(this)`, Φ the normal distribution: GELU, not its approximation by tanh. */
  gelu(): Tensor {
    return elementwise.gelu(this);
  }

  /** Hyperbolic tangent. */
  tanh(): Tensor {
    return elementwise.tanh(this);
  }

  /** `1 / (1 + exp(-this))`. */
  sigmoid(): Tensor {
    return elementwise.sigmoid(this);
  }

  /** `max(this, 0)`. */
  relu(): Tensor {
    return elementwise.relu(this);
  }

  /** `this · this`. */
  square(): Tensor {
    return elementwise.mul(this, this);
  }

  /** `1 / this`. */
  reciprocal(): Tensor {
    return elementwise.div(1, this);
  }

  /** Limits values to `[min, max]`; the gradient is 0 outside. */
  clamp(limits: { min?: number; max?: number }): Tensor {
    return elementwise.clamp(this, limits);
  }

  /** Converts to another dtype; float to integer truncates toward zero. */
  to(dtype: DType): Tensor {
    return elementwise.cast(this, dtype);
  }

  // comparison: bool tensors

  /** `this = other`. */
  eq(other: Operand): Tensor {
    return elementwise.equal(this, other);
  }

  /** `this ≠ other`. */
  ne(other: Operand): Tensor {
    return elementwise.logicalNot(elementwise.equal(this, other));
  }

  /** `this < other`. */
  lt(other: Operand): Tensor {
    return elementwise.less(this, other);
  }

  /** `this ≤ other`. */
  le(other: Operand): Tensor {
    return elementwise.lessEqual(this, other);
  }

  /** `this > other`. */
  gt(other: Operand): Tensor {
    return elementwise.less(other, this);
  }

  /** `this ≥ other`. */
  ge(other: Operand): Tensor {
    return elementwise.lessEqual(other, this);
  }

  /** Both, of two bool tensors. */
  logicalAnd(other: Tensor): Tensor {
    return elementwise.logicalAnd(this, other);
  }

  /** Either, of two bool tensors. */
  logicalOr(other: Tensor): Tensor {
    return elementwise.logicalOr(this, other);
  }

  /** The opposite of a bool tensor. */
  logicalNot(): Tensor {
    return elementwise.logicalNot(this);
  }

  // reduction

  /** Sum over axes, or over everything; bool and uint8 are summed as int32. */
  sum(axes?: Axes, options?: ReduceOptions): Tensor {
    return reduction.sum(this, axes, options);
  }

  /** Mean over axes, or over everything. */
  mean(axes?: Axes, options?: ReduceOptions): Tensor {
    return reduction.mean(this, axes, options);
  }

  /** Largest value over axes, or over everything. */
  max(axes?: Axes, options?: ReduceOptions): Tensor {
    return reduction.max(this, axes, options);
  }

  /** Smallest value over axes, or over everything. */
  min(axes?: Axes, options?: ReduceOptions): Tensor {
    return reduction.min(this, axes, options);
  }

  /** Position (int32) of the largest value of an axis, the first of equal ones. */
  argmax(axis: number, options?: ReduceOptions): Tensor {
    return reduction.argmax(this, axis, options);
  }

  /** The `k` largest values of an axis in descending order, with their positions (int32). */
  topk(k: number, axis = -1): { values: Tensor; indices: Tensor } {
    return reduction.topk(this, k, axis);
  }

  /** `exp(this) / Σ exp(this)` along an axis. */
  softmax(axis = -1): Tensor {
    return reduction.softmax(this, axis);
  }

  /** `log(softmax(this))` along an axis. */
  logSoftmax(axis = -1): Tensor {
    return reduction.logSoftmax(this, axis);
  }

  // movement

  /** The same values in another shape; one side may be -1 and is then inferred. */
  reshape(shape: Shape): Tensor {
    return movement.reshape(this, shape);
  }

  /** Repeats sides of 1 to fill `shape`. */
  expand(shape: Shape): Tensor {
    return movement.expand(this, shape);
  }

  /** Reorders axes: axis `i` of the result is axis `axes[i]` of this. */
  permute(...axes: number[]): Tensor {
    return movement.permute(this, axes);
  }

  /** Swaps two axes. */
  transpose(axisA: number, axisB: number): Tensor {
    return movement.transpose(this, axisA, axisB);
  }

  /** Joins all axes from `startAxis` on into one. */
  flatten(startAxis = 0): Tensor {
    return movement.flatten(this, startAxis);
  }

  /** Removes an axis of side 1. */
  squeeze(axis: number): Tensor {
    return movement.squeeze(this, axis);
  }

  /** Inserts an axis of side 1 before `axis`; -1 appends one. */
  unsqueeze(axis: number): Tensor {
    return movement.unsqueeze(this, axis);
  }

  /** Values `start`, `start + step`, … before `end` of one axis, by Python's rules. */
  slice(axis: number, start: number, end?: number, step?: number): Tensor {
    return movement.slice(this, axis, start, end, step);
  }

  /** The value at one position of an axis, which disappears. */
  select(axis: number, index: number): Tensor {
    return movement.select(this, axis, index);
  }

  /** Reverses axes. */
  flip(axes: number | readonly number[]): Tensor {
    return movement.flip(this, axes);
  }

  /** Adds `value` around: `[before, after]` for each axis; negative numbers take sides away. */
  pad(pads: readonly (readonly [number, number])[], value?: number): Tensor {
    return movement.pad(this, pads, value);
  }

  // linear algebra and indexing

  /** Matrix product over the last two axes, broadcasting the ones before. */
  matmul(other: Tensor): Tensor {
    return convolution.matmul(this, other);
  }

  /** Slices of one axis at the positions in an int vector. */
  indexSelect(axis: number, indices: Tensor): Tensor {
    return indexing.indexSelect(this, axis, indices);
  }

  /** One value for each index along an axis (torch.gather). */
  gather(axis: number, indices: Tensor): Tensor {
    return indexing.gather(this, axis, indices);
  }

  /** Adds each value of `source` where {@link gather} would read it. */
  scatterAdd(axis: number, indices: Tensor, source: Tensor): Tensor {
    return indexing.scatterAdd(this, axis, indices, source);
  }
}

provideTensor((node, index) => new Tensor(node, index));
