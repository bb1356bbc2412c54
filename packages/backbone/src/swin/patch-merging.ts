import { Linear, Module, type Norm, type NormFactory } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";
import { paddedToWindows, resizeGrid } from "../transformer/windows.ts";

/** Options of {@link PatchMerging}. */
export interface PatchMergingOptions {
  /** Channels of a token. */
  readonly dim: number;
  readonly normLayer: NormFactory;
}

/**
 * Makes one token of twice the channels of each 2×2 tokens, with zeros where sides are odd. Mirrors
 * `detectron2.modeling.backbone.swin.PatchMerging`.
 */
export class PatchMerging extends Module<[x: Tensor], Tensor> {
  readonly reduction: Linear;
  readonly norm: Norm;

  constructor({ dim, normLayer }: PatchMergingOptions) {
    super();
    this.reduction = new Linear({ inFeatures: 4 * dim, outFeatures: 2 * dim, bias: false });
    this.norm = normLayer(4 * dim);
  }

  /**
   * @param x N×H×W×dim.
   * @returns N×⌈H/2⌉×⌈W/2⌉×2·dim.
   */
  forward(x: Tensor): Tensor {
    const [n, height, width, channels] = x.shape;
    const [rows, columns] = paddedToWindows([height, width], 2).map((side) => side / 2);
    // Channels of the upper left token first, then lower left, upper right, lower right.
    const merged = resizeGrid(x, [2 * rows, 2 * columns])
      .reshape([n, rows, 2, columns, 2, channels])
      .permute(0, 1, 3, 4, 2, 5)
      .reshape([n, rows, columns, 4 * channels]);
    return this.reduction(this.norm(merged));
  }
}
