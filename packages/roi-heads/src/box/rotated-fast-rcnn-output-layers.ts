import {
  Box2BoxTransformRotated,
  type BoxTransform,
  toRotatedBoxWeights,
} from "@detectron-ts/box-regression";
import { OptionError } from "@detectron-ts/layers";

import {
  FastRCNNOutputLayers,
  type FastRCNNOutputLayersOptions,
} from "./fast-rcnn-output-layers.ts";

/**
 * {@link FastRCNNOutputLayers} whose boxes are rotated: five deltas for each class, or for all. Mirrors
 * `detectron2.modeling.roi_heads.RotatedFastRCNNOutputLayers`.
 */
export class RotatedFastRCNNOutputLayers extends FastRCNNOutputLayers {
  /** @throws {@link OptionError} for a transform of upright boxes, or an overlap loss, which only those have. */
  constructor(options: FastRCNNOutputLayersOptions) {
    super(options);
    const { boxDim } = this.box2boxTransform;
    if (boxDim !== 5)
      throw new OptionError("boxDim of box2boxTransform", boxDim, "5, for rotated boxes");
    if (this.boxRegLossType !== "smooth_l1") {
      throw new OptionError("boxRegLossType", this.boxRegLossType, "smooth_l1 for rotated boxes");
    }
  }

  protected static override boxTransform(key: string, weights: readonly number[]): BoxTransform {
    return new Box2BoxTransformRotated({ weights: toRotatedBoxWeights(key, weights) });
  }
}
