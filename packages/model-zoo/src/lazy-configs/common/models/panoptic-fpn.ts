import { lazy } from "@detectron-ts/config";
import { PanopticFPN, SemSegFPNHead } from "@detectron-ts/modeling";
import { maskRcnnFpn } from "./mask-rcnn-fpn.ts";

/** Panoptic FPN with a ResNet-50. Mirrors detectron2's `configs/common/models/panoptic_fpn.py`. */
export function panopticFpn() {
  const { backbone, proposalGenerator, roiHeads, pixelMean, pixelStd, inputFormat } = maskRcnnFpn();
  return lazy(PanopticFPN, {
    backbone,
    proposalGenerator,
    roiHeads,
    pixelMean,
    pixelStd,
    inputFormat,
    semSegHead: lazy(SemSegFPNHead, {
      inputShape: {
        p2: { stride: 4, channels: "${....backbone.outChannels}" },
        p3: { stride: 8, channels: "${....backbone.outChannels}" },
        p4: { stride: 16, channels: "${....backbone.outChannels}" },
        p5: { stride: 32, channels: "${....backbone.outChannels}" },
      },
      ignoreValue: 255,
      // COCO's 53 kinds of stuff, and one for all things.
      numClasses: 54,
      convDims: 128,
      commonStride: 4,
      lossWeight: 0.5,
      norm: "GN",
    }),
  });
}
