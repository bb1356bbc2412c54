import type { Config } from "@detectron-ts/config";
import { getConfig } from "@detectron-ts/model-zoo";

/** A narrow Mask R-CNN whose norms learn, so that from random weights it finds the shapes of a few images in a minute. */
export function shapesConfig(
  dataset: string,
  outputDir: string,
  overrides: Readonly<Record<string, unknown>> = {},
): Config {
  const cfg = getConfig("COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x");
  const values = {
    "MODEL.WEIGHTS": "",
    "MODEL.BACKBONE.FREEZE_AT": 0,
    "MODEL.RESNETS.NORM": "BN",
    "MODEL.RESNETS.STEM_OUT_CHANNELS": 16,
    "MODEL.RESNETS.WIDTH_PER_GROUP": 8,
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 32,
    "MODEL.FPN.OUT_CHANNELS": 32,
    "MODEL.ANCHOR_GENERATOR.SIZES": [[16], [32], [64], [128], [256]],
    "MODEL.RPN.BATCH_SIZE_PER_IMAGE": 64,
    "MODEL.RPN.PRE_NMS_TOPK_TRAIN": 100,
    "MODEL.RPN.POST_NMS_TOPK_TRAIN": 50,
    "MODEL.RPN.PRE_NMS_TOPK_TEST": 100,
    "MODEL.RPN.POST_NMS_TOPK_TEST": 50,
    "MODEL.ROI_HEADS.NUM_CLASSES": 2,
    "MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE": 32,
    "MODEL.ROI_BOX_HEAD.FC_DIM": 64,
    "MODEL.ROI_MASK_HEAD.CONV_DIM": 16,
    "MODEL.ROI_MASK_HEAD.NUM_CONV": 2,
    "INPUT.MIN_SIZE_TRAIN": [96],
    "INPUT.MIN_SIZE_TEST": 96,
    "DATASETS.TRAIN": [dataset],
    "DATASETS.TEST": [dataset],
    "DATALOADER.NUM_WORKERS": 0,
    "SOLVER.IMS_PER_BATCH": 4,
    "SOLVER.BASE_LR": 0.02,
    "SOLVER.WARMUP_ITERS": 20,
    "SOLVER.STEPS": [],
    "SOLVER.CLIP_GRADIENTS.ENABLED": true,
    "SOLVER.CLIP_GRADIENTS.CLIP_TYPE": "norm",
    "SOLVER.CLIP_GRADIENTS.CLIP_VALUE": 5,
    SEED: 3,
    OUTPUT_DIR: outputDir,
    ...overrides,
  };
  cfg.mergeFromList(Object.entries(values).flat());
  return cfg;
}
