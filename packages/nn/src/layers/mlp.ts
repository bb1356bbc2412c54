import type { Tensor } from "@detectron-ts/tensor";
import { gelu } from "../containers.ts";
import type { Generator } from "../init/generator.ts";
import { Module } from "../module.ts";
import { Dropout } from "./dropout.ts";
import { Linear } from "./linear.ts";

/** Options of {@link Mlp}. */
export interface MlpOptions {
  readonly inFeatures: number;
  /** `inFeatures` when left out. */
  readonly hiddenFeatures?: number;
  /** `inFeatures` when left out. */
  readonly outFeatures?: number;
  /** Between the two layers; {@link gelu} when left out. */
  readonly activation?: (x: Tensor) => Tensor;
  /** Probability of dropping a value after each layer in training; 0 when left out. */
  readonly dropout?: number;
  /** Draws what is dropped; the default generator when left out. */
  readonly generator?: Generator;
}

/**
 * Two linear layers with an activation between them, the feed-forward part of transformers. Called with …×inFeatures.
 * Mirrors timm's `Mlp`.
 */
export class Mlp extends Module<[x: Tensor], Tensor> {
  readonly fc1: Linear;
  readonly activation: (x: Tensor) => Tensor;
  readonly fc2: Linear;
  readonly drop: Dropout;

  /** @throws LayerOptionError when a size is no positive integer or the probability is not in [0, 1). */
  constructor(options: MlpOptions) {
    super();
    const { inFeatures, activation = gelu, dropout = 0, generator } = options;
    const { hiddenFeatures = inFeatures, outFeatures = inFeatures } = options;
    this.fc1 = new Linear({ inFeatures, outFeatures: hiddenFeatures });
    this.activation = activation;
    this.fc2 = new Linear({ inFeatures: hiddenFeatures, outFeatures });
    this.drop = new Dropout({ p: dropout, ...(generator && { generator }) });
  }

  forward(x: Tensor): Tensor {
    return this.drop(this.fc2(this.drop(this.activation(this.fc1(x)))));
  }
}
