import { linear, type Parameter, type Tensor } from "@detectron-ts/tensor";
import { layerDefault } from "../init/schemes.ts";
import { Module } from "../module.ts";
import { checkPositive, formatOptions, zeroParameter } from "./options.ts";

/** Options of {@link Linear}. */
export interface LinearOptions {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Whether there is a bias; true when left out. */
  readonly bias?: boolean;
}

/**
 * `x · weightᵀ + bias` for x of …×inFeatures, none included. Mirrors `torch.nn.Linear` and starts with its
 * default values.
 */
export class Linear extends Module<[x: Tensor], Tensor> {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** outFeatures×inFeatures. */
  readonly weight: Parameter;
  /** One value for each output feature. */
  readonly bias: Parameter | null;

  /** @throws LayerOptionError when a size is no positive integer. */
  constructor({ inFeatures, outFeatures, bias = true }: LinearOptions) {
    super();
    checkPositive("Linear", "inFeatures", inFeatures);
    checkPositive("Linear", "outFeatures", outFeatures);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = zeroParameter(outFeatures, inFeatures);
    this.bias = bias ? zeroParameter(outFeatures) : null;
    layerDefault(this);
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias ?? undefined);
  }

  override extraRepr(): string {
    const { inFeatures, outFeatures } = this;
    return formatOptions({ inFeatures, outFeatures, bias: this.bias !== null }, { bias: true });
  }
}
