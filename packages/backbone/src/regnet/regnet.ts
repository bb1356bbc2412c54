import { AnyNet, type NetOptions } from "./any-net.ts";
import { adjustGroups, generateRegnetParameters, type RegNetParameters } from "./parameters.ts";

/** Options of {@link RegNet}. */
export interface RegNetOptions extends NetOptions, RegNetParameters {
  /** Channels of one group of the bottlenecks' 3×3 convolutions. */
  readonly groupWidth: number;
  /** Of every stage; 2 when left out. */
  readonly stride?: number;
  /** Channels inside a bottleneck, relative to its output's; 1 when left out. */
  readonly bottleneckRatio?: number;
}

/**
 * A RegNet: an {@link AnyNet} whose stages follow from a few numbers; see {@link RegNetParameters}. Mirrors
 * `detectron2.modeling.backbone.RegNet`.
 *
 * ```ts
 * const regnetX4gf = new RegNet({
 *   stemClass: SimpleStem,
 *   stemWidth: 32,
 *   blockClass: ResBottleneckBlock,
 *   depth: 23,
 *   wA: 38.65,
 *   w0: 96,
 *   wM: 2.43,
 *   groupWidth: 40,
 *   outFeatures: ["s1", "s2", "s3", "s4"],
 * });
 * ```
 */
export class RegNet extends AnyNet {
  /** @throws LayerOptionError when a parameter is out of its range, and as {@link AnyNet}. */
  constructor({
    depth,
    wA,
    w0,
    wM,
    groupWidth,
    stride = 2,
    bottleneckRatio = 1,
    ...net
  }: RegNetOptions) {
    const { widths, depths } = generateRegnetParameters({ depth, wA, w0, wM });
    const stages = widths.map((width) => adjustGroups(width, bottleneckRatio, groupWidth));
    super({
      ...net,
      depths,
      widths: stages.map((stage) => stage.width),
      groupWidths: stages.map((stage) => stage.groupWidth),
      strides: widths.map(() => stride),
      bottleneckRatios: widths.map(() => bottleneckRatio),
    });
  }
}
