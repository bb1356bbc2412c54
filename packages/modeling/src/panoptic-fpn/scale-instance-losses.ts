import { MaskRCNNConvUpsampleHead, type ROIHeads, StandardROIHeads } from "@detectron-ts/roi-heads";

import { ModelOptionsError } from "../errors.ts";

/**
 * Multiplies the weights of the losses of RoI heads, as PANOPTIC_FPN.INSTANCE_LOSS_WEIGHT asks for. Like detectron2, it
 * leaves losses as they are that have no weight of their own: of heads from a config, `loss_cls` is such a one.
 *
 * @throws ModelOptionsError for heads without such weights.
 */
export function scaleInstanceLosses(roiHeads: ROIHeads, weight: number): void {
  if (
    !(roiHeads instanceof StandardROIHeads) ||
    !(roiHeads.maskHead instanceof MaskRCNNConvUpsampleHead)
  ) {
    const wanted = "1 for these RoI heads: set the weights of their losses themselves";
    throw new ModelOptionsError("MODEL.PANOPTIC_FPN.INSTANCE_LOSS_WEIGHT", weight, wanted);
  }
  const { boxPredictor, maskHead } = roiHeads;
  boxPredictor.lossWeight = Object.fromEntries(
    Object.entries(boxPredictor.lossWeight).map(([name, own]) => [name, own * weight]),
  );
  maskHead.lossWeight *= weight;
}
