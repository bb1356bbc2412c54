import { FPN, LastLevelP6P7, makeDefaultStages, ResNet } from "@detectron-ts/backbone";
import { BasicStem } from "@detectron-ts/layers";
import { FCOS, FCOSHead } from "@detectron-ts/modeling";

/** Sizes of a {@link tinyFcos}. */
export interface TinyFcosOptions {
  readonly depth: number;
  /** Channels of the stem and of res2, those of later stages being twice and again twice as many. */
  readonly channels: number;
  /** Channels of the pyramid and of the towers; of group norm, a multiple of 32. */
  readonly pyramidChannels: number;
  readonly numConvs: number;
  readonly numClasses: number;
  /** Of the towers. */
  readonly norm: string;
}

/** An FCOS of the architecture that detectron2's lazy config has, but narrow. */
export function tinyFcos(options: TinyFcosOptions): FCOS {
  const { depth, channels, pyramidChannels, numConvs, numClasses, norm } = options;
  const backbone = new FPN({
    bottomUp: new ResNet({
      stem: new BasicStem({ outChannels: channels, norm: "FrozenBN" }),
      stages: makeDefaultStages({
        depth,
        inChannels: channels,
        res2OutChannels: channels,
        ...(depth >= 50 && { widthPerGroup: channels / 4, strideIn1x1: true }),
        norm: "FrozenBN",
      }),
      outFeatures: ["res3", "res4", "res5"],
      freezeAt: 2,
    }),
    inFeatures: ["res3", "res4", "res5"],
    outChannels: pyramidChannels,
    topBlock: new LastLevelP6P7({
      inChannels: pyramidChannels,
      outChannels: pyramidChannels,
      inFeature: "p5",
    }),
  });
  return new FCOS({
    backbone,
    head: new FCOSHead({
      inputShape: Object.values(backbone.outputShape()),
      numClasses,
      convDims: new Array<number>(numConvs).fill(pyramidChannels),
      norm,
    }),
    numClasses,
    pixelMean: [103.53, 116.28, 123.675],
    pixelStd: [1, 1, 1],
  });
}
