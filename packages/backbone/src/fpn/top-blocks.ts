import { Conv2d, init, Module } from "@detectron-ts/nn";
import { maxPool2d, type Tensor } from "@detectron-ts/tensor";

/** Makes the levels of a pyramid that are coarser than every feature it stands on. */
export interface TopBlock {
  /** @returns `numLevels` feature maps, each of half the size of the one before. */
  (feature: Tensor): Tensor[];
  /** How many levels it adds. */
  readonly numLevels: number;
  /** The feature it starts from: one of the bottom-up backbone, else of the pyramid. */
  readonly inFeature: string;
}

/**
 * p6 as every second row and column of p5 (Lin et al. 2017, section 4.1, footnote). Mirrors
 * `detectron2.modeling.backbone.fpn.LastLevelMaxPool`.
 */
export class LastLevelMaxPool extends Module<[feature: Tensor], Tensor[]> implements TopBlock {
  readonly numLevels = 1;
  readonly inFeature: string;

  constructor({ inFeature = "p5" }: { readonly inFeature?: string } = {}) {
    super();
    this.inFeature = inFeature;
  }

  forward(feature: Tensor): Tensor[] {
    return [maxPool2d(feature, { kernelSize: 1, stride: 2 })];
  }
}

/** Options of {@link LastLevelP6P7}. */
export interface LastLevelP6P7Options {
  /** Channels of the feature it starts from. */
  readonly inChannels: number;
  readonly outChannels: number;
  /** `"res5"` when left out. */
  readonly inFeature?: string;
}

/**
 * p6 and p7 by 3×3 convolutions of stride 2, with a ReLU before the second only ("Focal Loss for Dense Object
 * Detection", Lin et al. 2017). Mirrors `detectron2.modeling.backbone.fpn.LastLevelP6P7`.
 */
export class LastLevelP6P7 extends Module<[feature: Tensor], Tensor[]> implements TopBlock {
  readonly numLevels = 2;
  readonly inFeature: string;
  readonly p6: Conv2d;
  readonly p7: Conv2d;

  constructor({ inChannels, outChannels, inFeature = "res5" }: LastLevelP6P7Options) {
    super();
    this.inFeature = inFeature;
    const halving = { outChannels, kernelSize: 3, stride: 2, padding: 1 };
    this.p6 = new Conv2d({ inChannels, ...halving });
    this.p7 = new Conv2d({ inChannels: outChannels, ...halving });
    for (const conv of [this.p6, this.p7]) init.c2XavierFill(conv);
  }

  forward(feature: Tensor): Tensor[] {
    const p6 = this.p6(feature);
    return [p6, this.p7(p6.relu())];
  }
}
