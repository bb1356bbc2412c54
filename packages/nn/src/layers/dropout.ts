import { sizeOf, tensor, type Shape, type Tensor } from "@detectron-ts/tensor";
import { LayerOptionError } from "../errors.ts";
import { defaultGenerator, type Generator } from "../init/generator.ts";
import { Module } from "../module.ts";
import { formatOptions } from "./options.ts";

/** Options of {@link Dropout} and {@link DropPath}. */
export interface DropoutOptions {
  /** Probability of dropping, in [0, 1). */
  readonly p: number;
  /** Draws what is dropped; the default generator when left out. */
  readonly generator?: Generator;
}

/** Multiplies its input with random factors of mean 1 while in training: 0 with probability p, 1 / (1 - p) otherwise. */
abstract class RandomlyDropping extends Module<[x: Tensor], Tensor> {
  readonly p: number;
  readonly #generator: Generator;

  /** @throws LayerOptionError when `p` is not in [0, 1). */
  constructor(layer: string, { p, generator = defaultGenerator }: DropoutOptions) {
    super();
    if (!(p >= 0 && p < 1)) {
      throw new LayerOptionError(layer, "p", `has to be in [0, 1), got ${p}`);
    }
    this.p = p;
    this.#generator = generator;
  }

  /** Shape of the factors for an input, which they broadcast to. */
  protected abstract factorShape(x: Tensor): Shape;

  forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    const shape = this.factorShape(x);
    const kept = 1 / (1 - this.p);
    const factors = Float32Array.from({ length: sizeOf(shape) }, () =>
      this.#generator.next() < this.p ? 0 : kept,
    );
    return x.mul(tensor(factors, { shape }));
  }

  override extraRepr(): string {
    return formatOptions({ p: this.p });
  }
}

/**
 * Drops values at random while in training, and scales up the others so that the mean stays ("Dropout", Srivastava et al.
 * 2014). Mirrors `torch.nn.Dropout`.
 */
export class Dropout extends RandomlyDropping {
  /** @throws LayerOptionError when `p` is not in [0, 1). */
  constructor(options: DropoutOptions) {
    super("Dropout", options);
  }

  protected factorShape(x: Tensor): Shape {
    return x.shape;
  }
}

/**
 * Drops whole samples of the first axis at random while in training, and scales up the others: put before a residual sum, it
 * skips the block for some images ("Deep Networks with Stochastic Depth", Huang et al. 2016). Mirrors timm's `DropPath`.
 */
export class DropPath extends RandomlyDropping {
  /** @throws LayerOptionError when `p` is not in [0, 1). */
  constructor(options: DropoutOptions) {
    super("DropPath", options);
  }

  protected factorShape(x: Tensor): Shape {
    return x.shape.map((side, axis) => (axis === 0 ? side : 1));
  }
}
