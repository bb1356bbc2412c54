import type { Parameter, Tensor } from "@detectron-ts/tensor";
import { checkPositive, formatOptions } from "../layers/options.ts";
import { Module } from "../module.ts";
import { BatchNorm2d, type BatchNorm2dOptions } from "./batch-norm2d.ts";
import type { Norm } from "./get-norm.ts";
import { filledParameter } from "./vectors.ts";

/** Options of {@link CycleBatchNormList}. */
export interface CycleBatchNormListOptions extends BatchNorm2dOptions {
  /** How many batch norms take turns. */
  readonly length: number;
}

/**
 * Batch norms that take turns: the first call goes to the first of them, the next to the second, and so around. Each has
 * running statistics of its own, and all have one weight and bias. A head that is called with each level of a pyramid
 * has in it a norm for each level ("Rethinking 'Batch' in BatchNorm", Wu and Johnson 2021, section 5.2). Mirrors
 * `detectron2.layers.CycleBatchNormList`.
 *
 * Whoever calls it has to call it a multiple of `length` times, or statistics go to the wrong norm.
 */
export class CycleBatchNormList extends Module<[x: Tensor], Tensor> {
  readonly weight: Parameter;
  readonly bias: Parameter;
  #position = 0;

  /** @throws LayerOptionError when `length` or `numFeatures` is no positive integer. */
  constructor({ length, ...options }: CycleBatchNormListOptions) {
    super();
    checkPositive("CycleBatchNormList", "length", length);
    checkPositive("CycleBatchNormList", "numFeatures", options.numFeatures);
    this.weight = filledParameter(options.numFeatures, 1);
    this.bias = filledParameter(options.numFeatures, 0);
    for (let index = 0; index < length; index++) {
      this.registerModule(String(index), new AffineOfList(options, this));
    }
  }

  /** How many batch norms there are. */
  get size(): number {
    return this.namedChildren().size;
  }

  forward(x: Tensor): Tensor {
    // Asked for anew each time: a norm may have been replaced, such as by a frozen one.
    const norms = this.children() as Norm[];
    const norm = norms[this.#position];
    this.#position = (this.#position + 1) % norms.length;
    return norm(x);
  }

  override extraRepr(): string {
    return formatOptions({ length: this.size });
  }
}

/** A batch norm that scales and shifts with the weight and bias of a list. */
class AffineOfList extends BatchNorm2d {
  constructor(options: BatchNorm2dOptions, { weight, bias }: CycleBatchNormList) {
    super(options);
    // Not enumerable, hence the list's alone among parameters and in checkpoints.
    Object.defineProperties(this, {
      weight: { value: weight, enumerable: false },
      bias: { value: bias, enumerable: false },
    });
  }
}
