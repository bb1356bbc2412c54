import type { Config } from "@detectron-ts/config";
import { getConfig } from "@detectron-ts/model-zoo";

import type { SceneDataset, SceneDatasetOptions } from "./scene-dataset.ts";

/** A kind of model that learns made scenes. */
export interface Family {
  /** In words. */
  readonly title: string;
  readonly config: string;
  readonly overrides: Readonly<Record<string, unknown>>;
  /** What the scenes are like. */
  readonly scenes: Pick<SceneDatasetOptions, "maxAngle" | "numClasses">;
  /** Which of the names of the scenes it learns. */
  readonly dataset: keyof SceneDataset;
  /** What has to come out on scenes that it hasn't seen: at least these values, by task and metric. */
  readonly bars: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Narrow, with norms that learn, and anchors for darts of 28 to 52 pixels. */
const TINY = {
  "MODEL.WEIGHTS": "",
  "MODEL.BACKBONE.FREEZE_AT": 0,
  "MODEL.RESNETS.NORM": "BN",
  "MODEL.RESNETS.STEM_OUT_CHANNELS": 16,
  "MODEL.RESNETS.WIDTH_PER_GROUP": 8,
  "MODEL.RESNETS.RES2_OUT_CHANNELS": 32,
  "MODEL.FPN.OUT_CHANNELS": 32,
  "MODEL.FPN.NORM": "BN",
  "MODEL.RPN.BATCH_SIZE_PER_IMAGE": 64,
  "MODEL.RPN.PRE_NMS_TOPK_TRAIN": 100,
  "MODEL.RPN.POST_NMS_TOPK_TRAIN": 50,
  "MODEL.RPN.PRE_NMS_TOPK_TEST": 100,
  "MODEL.RPN.POST_NMS_TOPK_TEST": 50,
  "MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE": 32,
  "MODEL.ROI_BOX_HEAD.FC_DIM": 64,
  "MODEL.ROI_MASK_HEAD.CONV_DIM": 16,
  "MODEL.ROI_MASK_HEAD.NUM_CONV": 2,
  "MODEL.ROI_KEYPOINT_HEAD.CONV_DIMS": [32, 32, 32],
  "MODEL.SEM_SEG_HEAD.CONVS_DIM": 32,
  "INPUT.MIN_SIZE_TRAIN": [128],
  "INPUT.MIN_SIZE_TEST": 128,
  "DATALOADER.NUM_WORKERS": 0,
  "SOLVER.IMS_PER_BATCH": 4,
  "SOLVER.BASE_LR": 0.02,
  "SOLVER.WARMUP_ITERS": 30,
  "SOLVER.MAX_ITER": 400,
  "SOLVER.STEPS": [300],
  "SOLVER.CHECKPOINT_PERIOD": 100,
  "SOLVER.CLIP_GRADIENTS.ENABLED": true,
  "SOLVER.CLIP_GRADIENTS.CLIP_TYPE": "norm",
  "SOLVER.CLIP_GRADIENTS.CLIP_VALUE": 5,
  "TEST.EVAL_PERIOD": 0,
  SEED: 3,
};

/** Anchors of two-stage detectors, a size for each level. */
const PYRAMID_ANCHORS = { "MODEL.ANCHOR_GENERATOR.SIZES": [[16], [32], [64], [128], [256]] };

/** Regions are classified late: what two-stage models need to tell colours apart. */
const LONGER = { "SOLVER.MAX_ITER": 800, "SOLVER.STEPS": [600] };

const UPRIGHT = { maxAngle: 40, numClasses: 2 };

export const FAMILIES: Readonly<Record<string, Family>> = {
  keypoints: {
    title: "Keypoint R-CNN",
    config: "COCO-Keypoints/keypoint_rcnn_R_50_FPN_1x",
    overrides: {
      ...PYRAMID_ANCHORS,
      "MODEL.ROI_KEYPOINT_HEAD.NUM_KEYPOINTS": 4,
      "MODEL.ROI_KEYPOINT_HEAD.MIN_KEYPOINTS_PER_IMAGE": 1,
      // The loss over 56 × 56 cells is ten times the others: its gradient alone would be all that clipping leaves.
      "MODEL.ROI_KEYPOINT_HEAD.LOSS_WEIGHT": 0.3,
      "TEST.KEYPOINT_OKS_SIGMAS": [0.05, 0.05, 0.05, 0.05],
    },
    scenes: { maxAngle: 40, numClasses: 1 },
    dataset: "instances",
    bars: { bbox: { AP50: 80 }, keypoints: { AP50: 60 } },
  },
  panoptic: {
    title: "Panoptic FPN",
    config: "COCO-PanopticSegmentation/panoptic_fpn_R_50_1x",
    overrides: {
      ...PYRAMID_ANCHORS,
      ...LONGER,
      "MODEL.ROI_HEADS.NUM_CLASSES": 2,
      "MODEL.SEM_SEG_HEAD.NUM_CLASSES": 3,
      "MODEL.PANOPTIC_FPN.COMBINE.STUFF_AREA_LIMIT": 64,
    },
    scenes: UPRIGHT,
    dataset: "separated",
    bars: { panoptic_seg: { PQ: 60 }, sem_seg: { mIoU: 75 } },
  },
  semantic: {
    title: "Semantic FPN",
    config: "Misc/semantic_R_50_FPN_1x",
    overrides: {
      "MODEL.SEM_SEG_HEAD.NUM_CLASSES": 3,
      "SOLVER.MAX_ITER": 200,
      "SOLVER.STEPS": [150],
    },
    scenes: UPRIGHT,
    dataset: "stuffOnly",
    bars: { sem_seg: { mIoU: 80 } },
  },
  retinanet: {
    title: "RetinaNet",
    config: "COCO-Detection/retinanet_R_50_FPN_1x",
    overrides: {
      "MODEL.RETINANET.NUM_CLASSES": 2,
      "MODEL.RETINANET.NUM_CONVS": 2,
      // The head's small first weights leave little of a signal of 32 channels; norms bring it back.
      "MODEL.RETINANET.NORM": "BN",
      "MODEL.ANCHOR_GENERATOR.SIZES": [16, 32, 64, 128, 256].map((size) =>
        [1, 2 ** (1 / 3), 2 ** (2 / 3)].map((scale) => size * scale),
      ),
    },
    scenes: UPRIGHT,
    dataset: "instances",
    bars: { bbox: { AP50: 80 } },
  },
  cascade: {
    title: "Cascade Mask R-CNN",
    config: "Misc/cascade_mask_rcnn_R_50_FPN_1x",
    overrides: { ...PYRAMID_ANCHORS, ...LONGER, "MODEL.ROI_HEADS.NUM_CLASSES": 2 },
    scenes: UPRIGHT,
    dataset: "instances",
    bars: { bbox: { AP50: 80 }, segm: { AP50: 75 } },
  },
  rotated: {
    title: "Rotated Faster R-CNN",
    config: "COCO-Detection/faster_rcnn_R_50_FPN_1x",
    overrides: {
      ...PYRAMID_ANCHORS,
      ...LONGER,
      "MODEL.PROPOSAL_GENERATOR.NAME": "RRPN",
      "MODEL.ANCHOR_GENERATOR.NAME": "RotatedAnchorGenerator",
      "MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS": [[1.4]],
      "MODEL.ANCHOR_GENERATOR.ANGLES": [[-135, -90, -45, 0, 45, 90, 135, 180]],
      "MODEL.RPN.BBOX_REG_WEIGHTS": [1, 1, 1, 1, 1],
      "MODEL.ROI_HEADS.NAME": "RROIHeads",
      "MODEL.ROI_HEADS.NUM_CLASSES": 2,
      "MODEL.ROI_BOX_HEAD.POOLER_TYPE": "ROIAlignRotated",
      "MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS": [10, 10, 5, 5, 1],
    },
    scenes: { maxAngle: 180, numClasses: 2 },
    dataset: "rotated",
    bars: { bbox: { AP50: 60 } },
  },
};

/** The config of a family over its training and its test set, writing to a folder. */
export function familyConfig(
  { config, overrides }: Family,
  datasets: { readonly train: string; readonly test: string },
  outputDir: string,
): Config {
  const cfg = getConfig(config);
  const values = {
    ...TINY,
    ...overrides,
    "DATASETS.TRAIN": [datasets.train],
    "DATASETS.TEST": [datasets.test],
    OUTPUT_DIR: outputDir,
  };
  cfg.mergeFromList(Object.entries(values).flat());
  return cfg;
}
