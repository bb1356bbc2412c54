import { type CfgNode, declareDefaults } from "./cfg-node.ts";
import { float, nullable, tuple } from "./literal.ts";
import { LATEST_VERSION } from "./versions.ts";

// Every key of detectron2 0.6 with its default, in detectron2's order. An integer is an int unless it says float(…), a
// sequence is a list unless it says tuple(…): merges and dumps depend on it. Where a comment names `_TRAIN` and `_TEST`,
// the first applies in training and the second in inference.

const MODEL = {
  /** Whether proposals come from files (DATASETS.PROPOSAL_FILES_*) instead of a proposal network. */
  LOAD_PROPOSALS: false,
  MASK_ON: false,
  KEYPOINT_ON: false,
  /** `cpu`, `cuda`, or another execution provider. */
  DEVICE: "cuda",
  META_ARCHITECTURE: "GeneralizedRCNN",
  /** Path or URL of the checkpoint to start from; empty for none. */
  WEIGHTS: "",
  /** Per channel, in the order of INPUT.FORMAT, on the scale of 0 to 255. */
  PIXEL_MEAN: [103.53, 116.28, 123.675],
  /** 1 because the first ImageNet models absorbed the deviation into their first convolution. */
  PIXEL_STD: [float(1), float(1), float(1)],

  BACKBONE: {
    NAME: "build_resnet_backbone",
    /** Freeze the stem (1), also res2 (2), and so on; 0 freezes nothing. */
    FREEZE_AT: 2,
  },
  FPN: {
    /** The backbone's features that enter the pyramid. */
    IN_FEATURES: list<string>(),
    OUT_CHANNELS: 256,
    /** Norm of the pyramid's convolutions: empty for none, `GN`… */
    NORM: "",
    /** How a lateral and a top-down feature join: `sum` or `avg`. */
    FUSE_TYPE: "sum",
  },
  PROPOSAL_GENERATOR: {
    /** `RPN`, `RRPN` or `PrecomputedProposals`. */
    NAME: "RPN",
    /** Proposals with a side of at most this many pixels of the network's input are dropped. */
    MIN_SIZE: 0,
  },
  ANCHOR_GENERATOR: {
    NAME: "DefaultAnchorGenerator",
    /** One list of sides in input pixels for each feature; a single list serves all features. */
    SIZES: [[32, 64, 128, 256, 512]],
    /** Height over width, one list for each feature or one for all. */
    ASPECT_RATIOS: [[0.5, float(1), float(2)]],
    /** Degrees, for rotated anchors. */
    ANGLES: [[-90, 0, 90]],
    /** Offset of the first anchor's centre, in strides: 0 or 0.5. */
    OFFSET: float(0),
  },
  RPN: {
    HEAD_NAME: "StandardRPNHead",
    IN_FEATURES: ["res4"],
    /** Anchors further than this many pixels outside the image don't train; -1 keeps them all. */
    BOUNDARY_THRESH: -1,
    /** IoU below the first is background, from the second on foreground, between them ignored. */
    IOU_THRESHOLDS: [0.3, 0.7],
    IOU_LABELS: [0, -1, 1],
    BATCH_SIZE_PER_IMAGE: 256,
    POSITIVE_FRACTION: 0.5,
    /** `smooth_l1`, `giou`, `diou` or `ciou`. */
    BBOX_REG_LOSS_TYPE: "smooth_l1",
    BBOX_REG_LOSS_WEIGHT: float(1),
    BBOX_REG_WEIGHTS: tuple(float(1), float(1), float(1), float(1)),
    /** Where smooth L1 turns from a parabola to a line; 0 is plain L1. */
    SMOOTH_L1_BETA: float(0),
    LOSS_WEIGHT: float(1),
    /** The best so many of each feature enter NMS… */
    PRE_NMS_TOPK_TRAIN: 12000,
    PRE_NMS_TOPK_TEST: 6000,
    /** …and the best so many of each image leave it. */
    POST_NMS_TOPK_TRAIN: 2000,
    POST_NMS_TOPK_TEST: 1000,
    NMS_THRESH: 0.7,
    /** Channels of the head's convolutions; -1 is the number of input channels. */
    CONV_DIMS: [-1],
  },
  ROI_HEADS: {
    NAME: "Res5ROIHeads",
    /** Foreground classes; background is not counted. */
    NUM_CLASSES: 80,
    IN_FEATURES: ["res4"],
    IOU_THRESHOLDS: [0.5],
    IOU_LABELS: [0, 1],
    BATCH_SIZE_PER_IMAGE: 512,
    POSITIVE_FRACTION: 0.25,
    SCORE_THRESH_TEST: 0.05,
    NMS_THRESH_TEST: 0.5,
    /** Whether ground-truth boxes join the proposals in training. */
    PROPOSAL_APPEND_GT: true,
  },
  ROI_BOX_HEAD: {
    /** Empty where the ROI heads bring their own (Res5ROIHeads). */
    NAME: "",
    BBOX_REG_LOSS_TYPE: "smooth_l1",
    BBOX_REG_LOSS_WEIGHT: float(1),
    BBOX_REG_WEIGHTS: tuple(float(10), float(10), float(5), float(5)),
    SMOOTH_L1_BETA: float(0),
    POOLER_RESOLUTION: 14,
    /** Samples along each side of a bin; 0 adapts to the region's size. */
    POOLER_SAMPLING_RATIO: 0,
    /** `ROIAlignV2` is aligned by half a pixel, `ROIAlign` isn't. */
    POOLER_TYPE: "ROIAlignV2",
    NUM_FC: 0,
    FC_DIM: 1024,
    NUM_CONV: 0,
    CONV_DIM: 256,
    NORM: "",
    CLS_AGNOSTIC_BBOX_REG: false,
    /** Whether the later heads train on the boxes predicted by this one. */
    TRAIN_ON_PRED_BOXES: false,
    /** The federated loss of LVIS, with its sampling power and number of classes. */
    USE_FED_LOSS: false,
    USE_SIGMOID_CE: false,
    FED_LOSS_FREQ_WEIGHT_POWER: 0.5,
    FED_LOSS_NUM_CLASSES: 50,
  },
  ROI_BOX_CASCADE_HEAD: {
    /** One entry for each stage, as is IOUS. */
    BBOX_REG_WEIGHTS: tuple(
      tuple(float(10), float(10), float(5), float(5)),
      tuple(float(20), float(20), float(10), float(10)),
      tuple(float(30), float(30), float(15), float(15)),
    ),
    IOUS: tuple(0.5, 0.6, 0.7),
  },
  ROI_MASK_HEAD: {
    NAME: "MaskRCNNConvUpsampleHead",
    POOLER_RESOLUTION: 14,
    POOLER_SAMPLING_RATIO: 0,
    NUM_CONV: 0,
    CONV_DIM: 256,
    NORM: "",
    CLS_AGNOSTIC_MASK: false,
    POOLER_TYPE: "ROIAlignV2",
  },
  ROI_KEYPOINT_HEAD: {
    NAME: "KRCNNConvDeconvUpsampleHead",
    POOLER_RESOLUTION: 14,
    POOLER_SAMPLING_RATIO: 0,
    CONV_DIMS: tuple(512, 512, 512, 512, 512, 512, 512, 512),
    NUM_KEYPOINTS: 17,
    /** Images with fewer visible keypoints don't train. */
    MIN_KEYPOINTS_PER_IMAGE: 1,
    /** Divide the loss by the visible keypoints; else by the most there could be. */
    NORMALIZE_LOSS_BY_VISIBLE_KEYPOINTS: true,
    LOSS_WEIGHT: float(1),
    POOLER_TYPE: "ROIAlignV2",
  },
  SEM_SEG_HEAD: {
    NAME: "SemSegFPNHead",
    IN_FEATURES: ["p2", "p3", "p4", "p5"],
    /** Pixels of this label count neither in the loss nor in evaluation. */
    IGNORE_VALUE: 255,
    NUM_CLASSES: 54,
    CONVS_DIM: 128,
    /** All features are upsampled to this stride. */
    COMMON_STRIDE: 4,
    NORM: "GN",
    LOSS_WEIGHT: float(1),
  },
  PANOPTIC_FPN: {
    INSTANCE_LOSS_WEIGHT: float(1),
    /** How instances and stuff are laid over each other. */
    COMBINE: {
      /** Has no effect; kept for old files. */
      ENABLED: true,
      OVERLAP_THRESH: 0.5,
      STUFF_AREA_LIMIT: 4096,
      INSTANCES_CONFIDENCE_THRESH: 0.5,
    },
  },
  RETINANET: {
    NUM_CLASSES: 80,
    IN_FEATURES: ["p3", "p4", "p5", "p6", "p7"],
    NUM_CONVS: 4,
    IOU_THRESHOLDS: [0.4, 0.5],
    IOU_LABELS: [0, -1, 1],
    /** The probability of foreground that the last layer starts with. */
    PRIOR_PROB: 0.01,
    SCORE_THRESH_TEST: 0.05,
    TOPK_CANDIDATES_TEST: 1000,
    NMS_THRESH_TEST: 0.5,
    BBOX_REG_WEIGHTS: tuple(float(1), float(1), float(1), float(1)),
    FOCAL_LOSS_GAMMA: float(2),
    FOCAL_LOSS_ALPHA: 0.25,
    SMOOTH_L1_LOSS_BETA: 0.1,
    BBOX_REG_LOSS_TYPE: "smooth_l1",
    NORM: "",
  },
  RESNETS: {
    /** 18, 34, 50, 101 or 152. */
    DEPTH: 50,
    OUT_FEATURES: ["res4"],
    /** 1 for ResNet, more for ResNeXt. */
    NUM_GROUPS: 1,
    /** `FrozenBN`, `BN`, `SyncBN`, `GN`… */
    NORM: "FrozenBN",
    /** Channels of a group in the first bottleneck. */
    WIDTH_PER_GROUP: 64,
    /** True for models from MSRA, false for those from PyTorch and Caffe2. */
    STRIDE_IN_1X1: true,
    RES5_DILATION: 1,
    RES2_OUT_CHANNELS: 256,
    STEM_OUT_CHANNELS: 64,
    /** For res2 to res5: whether its 3×3 convolutions are deformable. */
    DEFORM_ON_PER_STAGE: [false, false, false, false],
    DEFORM_MODULATED: false,
    DEFORM_NUM_GROUPS: 1,
  },
};

const INPUT = {
  /** Shortest side of the network's input: one of these, or between two of them if SAMPLING is `range`. */
  MIN_SIZE_TRAIN: tuple(800),
  MIN_SIZE_TRAIN_SAMPLING: "choice",
  /** Longest side, which wins over the shortest. */
  MAX_SIZE_TRAIN: 1333,
  /** 0 leaves test images as they are. */
  MIN_SIZE_TEST: 800,
  MAX_SIZE_TEST: 1333,
  /** `none`, `horizontal` or `vertical`. */
  RANDOM_FLIP: "horizontal",
  CROP: {
    ENABLED: false,
    /** `relative`, `relative_range`, `absolute` or `absolute_range`. */
    TYPE: "relative_range",
    SIZE: [0.9, 0.9],
  },
  FORMAT: "BGR",
  /** `polygon` or `bitmask`. */
  MASK_FORMAT: "polygon",
};

const DATASETS = {
  TRAIN: tuple<string>(),
  PROPOSAL_FILES_TRAIN: tuple<string>(),
  PRECOMPUTED_PROPOSAL_TOPK_TRAIN: 2000,
  TEST: tuple<string>(),
  PROPOSAL_FILES_TEST: tuple<string>(),
  PRECOMPUTED_PROPOSAL_TOPK_TEST: 1000,
};

const DATALOADER = {
  NUM_WORKERS: 4,
  /** Batches hold either wide or tall images. */
  ASPECT_RATIO_GROUPING: true,
  /**
   * `TrainingSampler`, `RepeatFactorTrainingSampler`, `RandomSubsetTrainingSampler`, `WeightedTrainingSampler` or
   * `WeightedCategoryTrainingSampler`.
   */
  SAMPLER_TRAIN: "TrainingSampler",
  REPEAT_THRESHOLD: float(0),
  REPEAT_SQRT: true,
  FILTER_EMPTY_ANNOTATIONS: true,
};

const SOLVER = {
  LR_SCHEDULER_NAME: "WarmupMultiStepLR",
  MAX_ITER: 40000,
  BASE_LR: 0.001,
  /** Where the cosine schedule ends. */
  BASE_LR_END: float(0),
  MOMENTUM: 0.9,
  NESTEROV: false,
  WEIGHT_DECAY: 0.0001,
  WEIGHT_DECAY_NORM: float(0),
  /** The learning rate is multiplied by this at each of STEPS. */
  GAMMA: 0.1,
  STEPS: tuple(30000),
  NUM_DECAYS: 3,
  WARMUP_FACTOR: 0.001,
  WARMUP_ITERS: 1000,
  /** `linear` or `constant`. */
  WARMUP_METHOD: "linear",
  RESCALE_INTERVAL: false,
  CHECKPOINT_PERIOD: 5000,
  /** Images per step, all workers together. */
  IMS_PER_BATCH: 16,
  /** The number of workers the schedule was made for; 0 leaves the schedule as it is. */
  REFERENCE_WORLD_SIZE: 0,
  BIAS_LR_FACTOR: float(1),
  /** null is WEIGHT_DECAY. */
  WEIGHT_DECAY_BIAS: nullable<number>(),
  CLIP_GRADIENTS: {
    ENABLED: false,
    /** `value`, `norm` or `full_model`. */
    CLIP_TYPE: "value",
    CLIP_VALUE: float(1),
    NORM_TYPE: float(2),
  },
  AMP: { ENABLED: false },
};

const TEST = {
  /** [task, metric, expected value, tolerance], checked after evaluation. */
  EXPECTED_RESULTS: list<readonly (string | number)[]>(),
  /** Iterations between evaluations in training; 0 is none. */
  EVAL_PERIOD: 0,
  /** Per keypoint; empty is COCO's. */
  KEYPOINT_OKS_SIGMAS: list<number>(),
  DETECTIONS_PER_IMAGE: 100,
  /** Test-time augmentation. */
  AUG: {
    ENABLED: false,
    MIN_SIZES: tuple(400, 500, 600, 700, 800, 900, 1000, 1100, 1200),
    MAX_SIZE: 4000,
    FLIP: true,
  },
  PRECISE_BN: { ENABLED: false, NUM_ITER: 200 },
};

const DEFAULTS = {
  VERSION: LATEST_VERSION,
  MODEL,
  INPUT,
  DATASETS,
  DATALOADER,
  SOLVER,
  TEST,
  OUTPUT_DIR: "./output",
  /** Negative is a random seed. */
  SEED: -1,
  CUDNN_BENCHMARK: false,
  /** Empty for the default; `highest`, `high` or `medium`. */
  FLOAT32_PRECISION: "",
  /** Iterations between pictures of training inputs; 0 is none. */
  VIS_PERIOD: 0,
  /** Room for quick experiments; nothing reads it. */
  GLOBAL: { HACK: float(1) },
};

/** An empty list whose items' type is stated, since no item shows it. */
function list<Item>(): readonly Item[] {
  return [];
}

/** A config with detectron2's keys, all of them typed. */
export type Config = CfgNode<typeof DEFAULTS>;

const defaults: Config = declareDefaults(DEFAULTS);

/** A copy of detectron2 0.6's default config, to be merged into and changed. Mirrors `detectron2.config.get_cfg`. */
export function getCfg(): Config {
  return defaults.clone();
}
