import { assign, lazy, optionsWithout } from "@detectron-ts/config";
import { KRCNNConvDeconvUpsampleHead, StandardROIHeads } from "@detectron-ts/roi-heads";
import { maskRcnnFpn } from "./mask-rcnn-fpn.ts";
import { pyramidPooler } from "./two-stage.ts";

/** Keypoint R-CNN with a ResNet-50 and FPN. Mirrors detectron2's `configs/common/models/keypoint_rcnn_fpn.py`. */
export function keypointRcnnFpn() {
  const model = maskRcnnFpn();
  const roiHeads = lazy(StandardROIHeads, {
    ...optionsWithout(model.roiHeads, "maskPooler", "maskHead"),
    numClasses: 1,
    keypointPooler: pyramidPooler(14),
    keypointHead: lazy(KRCNNConvDeconvUpsampleHead, {
      inputShape: { channels: 256, height: 14, width: 14 },
      numKeypoints: 17,
      convDims: [512, 512, 512, 512, 512, 512, 512, 512],
      lossNormalizer: "visible",
    }),
  });
  // With plain L1 the boxes get better and the keypoints worse.
  roiHeads.boxPredictor.smoothL1Beta = 0.5;
  // More than of other models: Detectron had 2000 for a whole batch, and 1000 for each image cost box AP.
  model.proposalGenerator.postNmsTopk = { train: 1500, test: 1000 };
  return assign(model, { roiHeads });
}
