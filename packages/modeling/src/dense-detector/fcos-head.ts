import type { Conv2d } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";

import { predictor, TwoTowerHead, type TwoTowerHeadOptions } from "./dense-head.ts";

/** What an {@link FCOSHead} predicts from feature maps N×C×H×W: for each of them one tensor of each kind. */
export type FCOSPredictions = readonly [
  /** N×numClasses×H×W. */
  logits: readonly Tensor[],
  /** N×4×H×W: distances to the left, top, right and bottom. */
  bboxReg: readonly Tensor[],
  /** N×1×H×W: logits of the location being at the centre of its object. */
  ctrness: readonly Tensor[],
];

/** Options of {@link FCOSHead}: at each location there is one anchor. */
export type FCOSHeadOptions = Omit<TwoTowerHeadOptions, "numAnchors">;

/**
 * The head of FCOS ("FCOS: A Simple and Strong Anchor-Free Object Detector", Tian et al. 2020): that of RetinaNet with one
 * anchor at a location, and a third predictor on the tower for boxes, of centerness. Distances are in strides, hence no
 * scale to learn for each feature map. Mirrors `detectron2.modeling.meta_arch.fcos.FCOSHead`.
 */
export class FCOSHead extends TwoTowerHead<FCOSPredictions> {
  readonly ctrness: Conv2d;

  /** @throws OptionError of `@detectron-ts/layers`; LayerOptionError of `@detectron-ts/nn` for an unknown norm. */
  constructor(options: FCOSHeadOptions) {
    super({ ...options, numAnchors: 1 });
    this.ctrness = predictor(this.towerChannels, 1);
  }

  /** @throws LengthMismatchError of `@detectron-ts/structures` unless there are as many as the head was built for. */
  forward(features: readonly Tensor[]): FCOSPredictions {
    this.checkFeatures(features);
    const boxFeatures = features.map((feature) => this.bboxSubnet(feature));
    return [
      features.map((feature) => this.clsScore(this.clsSubnet(feature))),
      boxFeatures.map((feature) => this.bboxPred(feature)),
      boxFeatures.map((feature) => this.ctrness(feature)),
    ];
  }
}
