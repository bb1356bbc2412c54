import {
  Box2BoxTransformRotated,
  type BoxTransform,
  toRotatedBoxWeights,
} from "@detectron-ts/box-regression";
import { OptionError } from "@detectron-ts/layers";

import { RPN, type RPNOptions } from "./rpn.ts";

/**
 * Region proposal network of rotated boxes ("Arbitrary-Oriented Scene Text Detection via Rotation Proposals", Ma et al.
 * 2018). Mirrors `detectron2.modeling.proposal_generator.RRPN`.
 *
 * It is an {@link RPN} whose anchors are `RotatedBoxes` and whose deltas are five numbers each: overlaps, suppression and
 * clipping go by the kind of the boxes. Ground truth has to be `RotatedBoxes`, and so are the proposals.
 */
export class RRPN extends RPN {
  /** @throws OptionError for `anchorBoundaryThresh` of 0 or more, or anchors or deltas that are not rotated. */
  constructor(options: RPNOptions) {
    super(options);
    if (this.anchorBoundaryThresh >= 0) {
      throw new OptionError(
        "anchorBoundaryThresh",
        this.anchorBoundaryThresh,
        "below 0 in an RRPN",
      );
    }
    for (const option of ["anchorGenerator", "box2boxTransform"] as const) {
      const { boxDim } = this[option];
      if (boxDim !== 5) throw new OptionError(`boxDim of ${option}`, boxDim, "5 in an RRPN");
    }
  }

  protected static override boxTransform(key: string, weights: readonly number[]): BoxTransform {
    return new Box2BoxTransformRotated({ weights: toRotatedBoxWeights(key, weights) });
  }
}
