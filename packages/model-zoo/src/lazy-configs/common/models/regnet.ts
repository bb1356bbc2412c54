import { lazy } from "@detectron-ts/config";
import { RegNet, ResBottleneckBlock, SimpleStem } from "@detectron-ts/backbone";

/** What both have. */
const SHARED = {
  stemClass: SimpleStem,
  stemWidth: 32,
  blockClass: ResBottleneckBlock,
  outFeatures: ["s1", "s2", "s3", "s4"],
};

/** RegNetX of 4 GFLOPs ("Fast and Accurate Model Scaling", Dollár et al. 2021). */
export function regnetX4gf(norm: string) {
  const widths = { depth: 23, wA: 38.65, w0: 96, wM: 2.43, groupWidth: 40 };
  return lazy(RegNet, { ...SHARED, ...widths, norm });
}

/** RegNetY of 4 GFLOPs: {@link regnetX4gf} with squeeze and excitation, and other widths. */
export function regnetY4gf(norm: string) {
  const widths = { depth: 22, wA: 31.41, w0: 96, wM: 2.24, groupWidth: 64, seRatio: 0.25 };
  return lazy(RegNet, { ...SHARED, ...widths, norm });
}
