import type { GradMode } from "./autograd/grad-mode.ts";
import { holdsDType, sizeOf, type DType, type Shape, type TypedArray } from "./dtype.ts";
import { DTypeError, ShapeError } from "./errors.ts";
import { Node } from "./graph/node.ts";
import { Tensor } from "./tensor.ts";

/**
 * A named leaf whose value outlives graphs and may change: {@link Parameter} and {@link Buffer}. Where no
 * gradient is wanted its value is baked into compiled sessions; `version` tells when such a session is
 * out of date.
 */
export abstract class Variable extends Tensor {
  #version = 0;

  /**
   * @param data Values, row-major; adopted, not copied.
   * @throws ShapeError or DTypeError when they do not fit.
   */
  constructor(data: TypedArray, shape: Shape, dtype: DType = "float32") {
    super(new Node("parameter", [], {}, {}, [{ shape: [...shape], dtype }], false), 0);
    this.set(data);
  }

  /** Grows whenever the value changes. */
  get version(): number {
    return this.#version;
  }

  /**
   * Replaces the value. The array is adopted, not copied.
   *
   * @throws ShapeError or DTypeError when it does not fit, and nothing changes.
   */
  set(data: TypedArray): void {
    if (!holdsDType(data, this.dtype)) {
      throw new DTypeError("set", `a ${data.constructor.name} does not hold ${this.dtype}`);
    }
    if (data.length !== sizeOf(this.shape)) {
      throw new ShapeError("set", `${data.length} values do not fill [${this.shape.join(", ")}]`);
    }
    this.node.settle(0, data);
    this.#version += 1;
  }

  /** Lets `change` write to the value in place. */
  update(change: (data: TypedArray) => void): void {
    change(this.dataSync());
    this.#version += 1;
  }
}

/** State of a module that no optimiser changes, such as the running statistics of a norm. */
export class Buffer extends Variable {}

/** A trainable weight. */
export class Parameter extends Variable {
  /** Sum of the gradients of all `backward()` calls since it was last set to `null`. */
  grad: Tensor | null = null;
  /** Whether the module that owns it is in training; set by `Module.train()`. */
  training = true;
  #requiresGrad = true;

  /** Whether it is to be trained at all. */
  override get requiresGrad(): boolean {
    return this.#requiresGrad;
  }

  override set requiresGrad(value: boolean) {
    this.#requiresGrad = value;
  }

  override records(mode: GradMode): boolean {
    return this.#requiresGrad && (this.training || mode === "on");
  }
}
