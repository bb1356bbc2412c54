import { configure, type Config } from "@detectron-ts/config";
import { OptionError } from "@detectron-ts/layers";

import { buildBoxHead } from "./box/build.ts";
import { RotatedFastRCNNOutputLayers } from "./box/rotated-fast-rcnn-output-layers.ts";
import type { FeatureShapes } from "./input-shape.ts";
import { branchPooler } from "./pooler/branch-pooler.ts";
import {
  StandardROIHeads,
  type BoxBranchOptions,
  type StandardROIHeadsOptions,
} from "./standard-roi-heads.ts";

/**
 * ROI heads of rotated boxes: {@link StandardROIHeads} with a box branch alone, whose pooler turns its grid with the region.
 * Mirrors `detectron2.modeling.roi_heads.RROIHeads`.
 *
 * Proposals and ground truth are `RotatedBoxes`, and so are the `predBoxes` of what is found.
 */
export class RROIHeads extends StandardROIHeads {
  /**
   * @throws {@link OptionError} for masks or keypoints, `trainOnPredBoxes`, a pooler of upright boxes or a predictor of
   *   these.
   */
  constructor(options: StandardROIHeadsOptions) {
    super(options);
    if (this.maskOn || this.keypointOn) {
      throw new OptionError("maskHead and keypointHead", "given", "left out of rotated ROI heads");
    }
    if (this.trainOnPredBoxes) {
      throw new OptionError("trainOnPredBoxes", true, "false in rotated ROI heads");
    }
    for (const [option, { boxDim }] of [
      ["boxPooler", this.boxPooler],
      ["boxPredictor", this.boxPredictor.box2boxTransform],
    ] as const) {
      if (boxDim !== 5)
        throw new OptionError(`boxDim of ${option}`, boxDim, "5, for rotated boxes");
    }
  }

  protected static override initBoxHead(cfg: Config, inputShape: FeatureShapes): BoxBranchOptions {
    const { ROI_BOX_HEAD, ROI_HEADS } = cfg.MODEL;
    const { pooler, shape } = branchPooler(ROI_BOX_HEAD, inputShape, ROI_HEADS.IN_FEATURES);
    const boxHead = buildBoxHead(cfg, shape);
    return {
      boxPooler: pooler,
      boxHead,
      boxPredictor: configure(RotatedFastRCNNOutputLayers, [cfg, boxHead.outputShape]),
    };
  }
}
