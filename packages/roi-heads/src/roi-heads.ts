import type { Module } from "@detectron-ts/nn";
import type { Proposals } from "@detectron-ts/proposal-generator";
import type { ImageList, Instances } from "@detectron-ts/structures";

import type {
  DetectionFields,
  Features,
  GivenBoxFields,
  LaterFields,
  Losses,
  RegionFields,
  TargetFields,
} from "./fields.ts";

/**
 * What ROI heads are called with: the images (of which the heads here use nothing), feature maps by name, the proposals
 * of each image and, in training, its ground truth.
 */
export type ROIHeadsArgs = [
  images: ImageList,
  features: Features,
  proposals: readonly Proposals[],
  targets?: readonly Instances<TargetFields>[],
];

/** In evaluation the detections of each image and no loss; in training no detection, and the losses. */
export type ROIHeadsOutput = [instances: Instances<DetectionFields>[], losses: Losses];

/**
 * The second stage of a detector: looks at each proposed region, and says what it is and where exactly. What a model
 * needs of it, and what custom ROI heads have to be. Mirrors `detectron2.modeling.ROIHeads`.
 */
export type ROIHeads = Module<ROIHeadsArgs, Promise<ROIHeadsOutput>> & {
  /** Out of training, the detections of the box head alone, without what the later heads would add. */
  detectBoxes(
    features: Features,
    proposals: readonly Instances<RegionFields>[],
  ): Promise<Instances<DetectionFields>[]>;

  /**
   * Runs only the heads that work on boxes already found (masks, keypoints), and adds their fields.
   *
   * @returns new instances, with the fields of the given ones and those of the heads there are.
   */
  forwardWithGivenBoxes<Fields extends GivenBoxFields>(
    features: Features,
    instances: readonly Instances<Fields>[],
  ): Promise<Instances<Fields & LaterFields>[]>;
};
