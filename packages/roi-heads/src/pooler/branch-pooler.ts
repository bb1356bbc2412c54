import type { ShapeSpec } from "@detectron-ts/layers";

import { pooledShape, type FeatureShapes } from "../input-shape.ts";
import { ROIPooler } from "./roi-pooler.ts";

/** What `MODEL.ROI_BOX_HEAD`, `ROI_MASK_HEAD` and `ROI_KEYPOINT_HEAD` say of their pooler. */
interface PoolerConfig {
  readonly POOLER_RESOLUTION: number;
  readonly POOLER_SAMPLING_RATIO: number;
  readonly POOLER_TYPE: string;
}

/** A branch's pooler, and the shape of one region that it pools. */
export interface BranchPooler {
  readonly pooler: ROIPooler;
  readonly shape: ShapeSpec;
}

/**
 * The pooler that a config describes.
 *
 * @throws InputShapeError if a feature is missing, or they differ in channels.
 */
export function branchPooler(
  config: PoolerConfig,
  inputShape: FeatureShapes,
  inFeatures: readonly string[],
): BranchPooler {
  const side = config.POOLER_RESOLUTION;
  const { channels, scales } = pooledShape(inputShape, inFeatures);
  const pooler = new ROIPooler({
    outputSize: side,
    scales,
    samplingRatio: config.POOLER_SAMPLING_RATIO,
    poolerType: config.POOLER_TYPE,
  });
  return { pooler, shape: { channels, height: side, width: side } };
}
