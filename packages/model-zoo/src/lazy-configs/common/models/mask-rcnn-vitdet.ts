import { assign, lazy } from "@detectron-ts/config";
import { LastLevelMaxPool, SimpleFeaturePyramid, ViT } from "@detectron-ts/backbone";
import { ChannelsLastLayerNorm } from "@detectron-ts/nn";
import { IMAGENET_RGB256_MEAN, IMAGENET_RGB256_STD } from "../data/constants.ts";
import { maskRcnnFpn } from "./mask-rcnn-fpn.ts";

/** Makes layer norms of tokens; a function of a function, so that trees can name it. */
export function tokenLayerNorm({ eps }: { readonly eps: number }) {
  return (numChannels: number): ChannelsLastLayerNorm =>
    new ChannelsLastLayerNorm({ numChannels, eps });
}

/** Settings of a ViT by which sizes differ. */
export interface VitSize {
  readonly embedDim: number;
  readonly depth: number;
  readonly numHeads: number;
  readonly dropPathRate: number;
}

/** ViT-B. */
export const VIT_B: VitSize = { embedDim: 768, depth: 12, numHeads: 12, dropPathRate: 0.1 };

/** The blocks but the last of each quarter, which see the whole image. */
function windowBlocks(depth: number): number[] {
  const quarter = depth / 4;
  return [...Array(depth).keys()].filter((index) => (index + 1) % quarter !== 0);
}

/**
 * Mask R-CNN on a plain vision transformer ("Exploring Plain Vision Transformer Backbones for Object Detection", Li et al.
 * 2022). Mirrors detectron2's `configs/common/models/mask_rcnn_vitdet.py`.
 */
export function maskRcnnVitdet(size = VIT_B) {
  const model = maskRcnnFpn();
  model.pixelMean = IMAGENET_RGB256_MEAN;
  model.pixelStd = IMAGENET_RGB256_STD;
  model.inputFormat = "RGB";
  for (const head of [model.roiHeads.boxHead, model.roiHeads.maskHead]) head.convNorm = "LN";
  model.proposalGenerator.head.convDims = [-1, -1];
  model.roiHeads.boxHead.convDims = [256, 256, 256, 256];
  model.roiHeads.boxHead.fcDims = [1024];
  return assign(model, {
    backbone: lazy(SimpleFeaturePyramid, {
      net: lazy(ViT, {
        imgSize: 1024,
        patchSize: 16,
        ...size,
        windowSize: 14,
        mlpRatio: 4,
        qkvBias: true,
        normLayer: lazy(tokenLayerNorm, { eps: 1e-6 }),
        windowBlockIndexes: windowBlocks(size.depth),
        residualBlockIndexes: [],
        useRelPos: true,
        outFeature: "last_feat",
      }),
      inFeature: "${.net.outFeature}",
      outChannels: 256,
      scaleFactors: [4, 2, 1, 0.5],
      topBlock: lazy(LastLevelMaxPool),
      norm: "LN",
      squarePad: 1024,
    }),
  });
}
