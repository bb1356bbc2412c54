import { lazy, optionsWithout } from "@detectron-ts/config";
import { FCOS, FCOSHead } from "@detectron-ts/modeling";
import { retinanet } from "./retinanet.ts";

/** FCOS with a ResNet-50. Mirrors detectron2's `configs/common/models/fcos.py`. */
export function fcos() {
  const shared = optionsWithout(
    retinanet(),
    "anchorGenerator",
    "box2boxTransform",
    "anchorMatcher",
    "inputFormat",
    "smoothL1Beta",
    "boxRegLossType",
  );
  // p6 and p7 from p5 instead of res5 ("FCOS: A Simple and Strong Anchor-free Object Detector", Tian et al. 2020, 2.2).
  shared.backbone.topBlock.inFeature = "p5";
  shared.backbone.topBlock.inChannels = 256;
  return lazy(FCOS, {
    ...shared,
    head: lazy(FCOSHead, { ...optionsWithout(shared.head, "numAnchors"), norm: "GN" }),
    // Of the geometric mean of class score and centerness.
    testScoreThresh: 0.2,
    testNmsThresh: 0.6,
  });
}
