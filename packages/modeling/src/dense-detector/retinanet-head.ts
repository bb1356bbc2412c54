import { buildAnchorGenerator } from "@detectron-ts/anchor-generator";
import type { Config } from "@detectron-ts/config";
import { OptionError, type ShapeSpec } from "@detectron-ts/layers";
import type { Tensor } from "@detectron-ts/tensor";

import { TwoTowerHead, type TwoTowerHeadOptions } from "./dense-head.ts";

/** What a {@link RetinaNetHead} predicts from feature maps N×C×H×W: for each of them one tensor of each kind. */
export type RetinaNetPredictions = readonly [
  /** N×(A·numClasses)×H×W: the logits of the first of the A anchors at a location, those of the second, and so on. */
  logits: readonly Tensor[],
  /** N×(A·4)×H×W: the deltas of the first anchor, those of the second, and so on. */
  bboxReg: readonly Tensor[],
];

/**
 * The head of RetinaNet ("Focal Loss for Dense Object Detection", Lin et al. 2017, section 4): for every anchor the
 * logits of all classes, and deltas. Mirrors `detectron2.modeling.meta_arch.retinanet.RetinaNetHead`.
 */
export class RetinaNetHead extends TwoTowerHead<RetinaNetPredictions> {
  /**
   * Options from `MODEL.RETINANET`, with as many anchors as the config's anchor generator makes.
   *
   * @param inputShape - shape of each feature map.
   * @throws OptionError of `@detectron-ts/layers` unless all feature maps have as many anchors at a location.
   */
  static fromConfig(cfg: Config, inputShape: readonly ShapeSpec[]): TwoTowerHeadOptions {
    const { NUM_CLASSES, NUM_CONVS, PRIOR_PROB, NORM } = cfg.MODEL.RETINANET;
    const { numCellAnchors } = buildAnchorGenerator(cfg, inputShape);
    const [numAnchors] = numCellAnchors;
    if (numCellAnchors.some((count) => count !== numAnchors)) {
      throw new OptionError("anchors of the feature maps", numCellAnchors, "all the same");
    }
    const [{ channels }] = inputShape;
    if (channels === undefined) throw new OptionError("channels", channels, "known");
    return {
      inputShape,
      numClasses: NUM_CLASSES,
      numAnchors,
      convDims: new Array<number>(NUM_CONVS).fill(channels),
      priorProb: PRIOR_PROB,
      norm: NORM,
    };
  }

  /** @throws LengthMismatchError of `@detectron-ts/structures` unless there are as many as the head was built for. */
  forward(features: readonly Tensor[]): RetinaNetPredictions {
    this.checkFeatures(features);
    return [
      features.map((feature) => this.clsScore(this.clsSubnet(feature))),
      features.map((feature) => this.bboxPred(this.bboxSubnet(feature))),
    ];
  }
}
