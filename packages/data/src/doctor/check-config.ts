import type { Config } from "@detectron-ts/config";

import type { CheckDataOptions } from "./check-data.ts";

/** The options of `checkData` that a config gives. */
export function checkDataOptions({ MODEL, INPUT }: Config): CheckDataOptions {
  const numClasses =
    MODEL.META_ARCHITECTURE === "RetinaNet"
      ? MODEL.RETINANET.NUM_CLASSES
      : MODEL.ROI_HEADS.NUM_CLASSES;
  return {
    numClasses,
    ...(MODEL.MASK_ON && {
      maskFormat: INPUT.MASK_FORMAT === "bitmask" ? "bitmask" : "polygon",
    }),
  };
}

/** The learning rates of detectron2's configs for batches of 16 images. */
const REFERENCE_BATCH = 16;
const REFERENCE_LR = 0.02;
const REFERENCE_LR_ONE_STAGE = 0.01;

/**
 * The SOLVER.BASE_LR that fits a batch size by the linear rule (Goyal et al., 2017): 0.02 for 16 images, in proportion for
 * other batches; half of that for RetinaNet.
 */
export function suggestBaseLr({ MODEL, SOLVER }: Config): number {
  const reference = MODEL.META_ARCHITECTURE === "RetinaNet" ? REFERENCE_LR_ONE_STAGE : REFERENCE_LR;
  return (reference * SOLVER.IMS_PER_BATCH) / REFERENCE_BATCH;
}
