import { instantiate } from "@detectron-ts/config";
import { getConfig, isLazyName } from "@detectron-ts/model-zoo";
import {
  buildModel,
  type ModelInput,
  type PanopticOutput,
  type ProposalOutput,
} from "@detectron-ts/modeling";
import { manualSeed } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import { Boxes, Instances } from "@detectron-ts/structures";
import { tensor } from "@detectron-ts/tensor";
import ndarray from "ndarray";

import { type BenchedModel, calibrate, type CalibratedLayer } from "./calibrate.ts";
import { boxPredictor } from "./calibrated-model.ts";
import { median } from "./stage-timer.ts";
import { syntheticPixels } from "./synthetic-image.ts";

/** A kind of model, by a config of its own. */
interface Family {
  /** Of the model zoo, YAML or lazy. */
  readonly config: string;
  /** Layers to rescale, in the order in which they work; see {@link calibrate}. */
  readonly calibration: readonly (readonly CalibratedLayer[])[];
  /** Values that differ from the config's. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** How many proposals images come with; none when left out. */
  readonly proposals?: number;
}

const CASCADE = [0, 1, 2].map((stage) => boxPredictor(`roi_heads.box_predictor.${stage}`));

/** Of the one-stage detectors: logits around a prior of 0.01 that leave some thousand candidates above the threshold. */
const DENSE_HEAD = [
  [
    { path: "head.cls_score", deviation: 1.2 },
    { path: "head.bbox_pred", deviation: 0.1 },
  ],
];

/** FCOS's boxes are distances to their sides, in strides, of which negative ones count as none. */
const FCOS_HEAD = [
  [
    { path: "head.cls_score", deviation: 1.2 },
    { path: "head.bbox_pred", deviation: 2, bias: 4 },
  ],
];

/** Rotated boxes have no config file of their own: these are the values that make a Faster R-CNN rotated. */
const ROTATED = {
  "MODEL.PROPOSAL_GENERATOR.NAME": "RRPN",
  "MODEL.ANCHOR_GENERATOR.NAME": "RotatedAnchorGenerator",
  "MODEL.ANCHOR_GENERATOR.ANGLES": [[-90, -45, 0, 45]],
  "MODEL.RPN.BBOX_REG_WEIGHTS": [1, 1, 1, 1, 1],
  "MODEL.RPN.HEAD_NAME": "StandardRPNHead",
  "MODEL.ROI_HEADS.NAME": "RROIHeads",
  "MODEL.ROI_BOX_HEAD.POOLER_TYPE": "ROIAlignRotated",
  "MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS": [10, 10, 5, 5, 1],
};

const FAMILIES: Readonly<Record<string, Family>> = {
  "Faster R-CNN, C4": {
    config: "COCO-Detection/faster_rcnn_R_50_C4_1x",
    calibration: [boxPredictor()],
  },
  "Faster R-CNN, DC5": {
    config: "COCO-Detection/faster_rcnn_R_50_DC5_1x",
    calibration: [boxPredictor()],
  },
  "Faster R-CNN": {
    config: "COCO-Detection/faster_rcnn_R_50_FPN_1x",
    calibration: [boxPredictor()],
  },
  "Fast R-CNN": {
    config: "COCO-Detection/fast_rcnn_R_50_FPN_1x",
    calibration: [boxPredictor()],
    proposals: 1000,
  },
  RPN: { config: "COCO-Detection/rpn_R_50_FPN_1x", calibration: [] },
  "Mask R-CNN": {
    config: "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x",
    calibration: [boxPredictor()],
  },
  "Keypoint R-CNN": {
    config: "COCO-Keypoints/keypoint_rcnn_R_50_FPN_1x",
    calibration: [boxPredictor()],
  },
  "Cascade Mask R-CNN": {
    config: "Misc/cascade_mask_rcnn_R_50_FPN_1x",
    calibration: CASCADE,
  },
  FCOS: { config: "COCO-Detection/fcos_R_50_FPN_1x.py", calibration: FCOS_HEAD },
  RetinaNet: { config: "COCO-Detection/retinanet_R_50_FPN_1x", calibration: DENSE_HEAD },
  "Semantic FPN": { config: "Misc/semantic_R_50_FPN_1x", calibration: [] },
  "Panoptic FPN": {
    config: "COCO-PanopticSegmentation/panoptic_fpn_R_50_1x",
    calibration: [boxPredictor()],
  },
  "Rotated Faster R-CNN": {
    config: "COCO-Detection/faster_rcnn_R_50_FPN_1x",
    overrides: ROTATED,
    calibration: [boxPredictor()],
  },
};

/** What any of the models yields. */
type Output = Partial<PanopticOutput & ProposalOutput>;

const HEIGHT = 800;
const WIDTH = 1216;

/** Bar of the end-to-end time over that inside ONNX Runtime. */
const OVERHEAD_BAR = 1.1;

export interface FamiliesBenchOptions {
  readonly threads: number | undefined;
  readonly repeat: number;
}

/** What one family costs. */
interface FamilyTime {
  readonly totalMs: number;
  readonly onnxRuntimeMs: number;
  readonly overhead: number;
  readonly found: number | undefined;
}

/** Every family at full size: the whole time of an image over that inside ONNX Runtime. */
export async function benchInferenceOfFamilies(options: FamiliesBenchOptions): Promise<void> {
  const { threads, repeat } = options;
  await runtime.configure(threads === undefined ? {} : { threads });
  console.log(`${HEIGHT}×${WIDTH}, ${runtime.options.threads} threads, medians of ${repeat}\n`);
  console.log(row(["", "ms", "ORT ms", "ratio", "found"]));
  let worst = 0;
  for (const [name, family] of Object.entries(FAMILIES)) {
    const { totalMs, onnxRuntimeMs, overhead, found } = await timeFamily(family, repeat);
    worst = Math.max(worst, overhead);
    const times = [totalMs, onnxRuntimeMs].map((ms) => ms.toFixed(0));
    console.log(row([name, ...times, overhead.toFixed(3), String(found ?? "")]));
  }
  console.log(`\nlargest ratio: ${worst.toFixed(3)} (bar ${OVERHEAD_BAR})`);
}

async function timeFamily(family: Family, repeat: number): Promise<FamilyTime> {
  const model = await buildFamily(family);
  model.eval();
  const input = syntheticInput(family.proposals ?? 0);
  await calibrate(model, input, family.calibration);
  await runtime.clear();

  const run = async (): Promise<Output> => {
    const [output] = await model.inference([input]);
    await output.semSeg?.argmax();
    return output;
  };
  const output = await run();
  const totals: number[] = [];
  const inside: number[] = [];
  for (let i = 0; i < repeat; i++) {
    runtime.resetStats();
    const start = performance.now();
    await run();
    totals.push(performance.now() - start);
    inside.push(runtime.stats().onnxRuntimeMs);
  }
  await runtime.clear();
  return {
    totalMs: median(totals),
    onnxRuntimeMs: median(inside),
    overhead: median(totals.map((total, i) => total / inside[i])),
    found: countOf(output),
  };
}

async function buildFamily({ config, overrides = {} }: Family): Promise<BenchedModel<Output>> {
  manualSeed(1);
  if (isLazyName(config)) {
    const { model } = await getConfig(config);
    return instantiate(model) as BenchedModel<Output>;
  }
  const cfg = getConfig(config);
  cfg.mergeFromList(Object.entries(overrides).flat());
  return buildModel<BenchedModel<Output>>(cfg);
}

/** An image, with boxes of all sizes as proposals where some are wanted. */
function syntheticInput(numProposals: number): ModelInput {
  const image = tensor(syntheticPixels(HEIGHT, WIDTH), { shape: [3, HEIGHT, WIDTH] });
  if (numProposals === 0) return { image, height: HEIGHT, width: WIDTH };
  const corners = Array.from({ length: numProposals }, (_, i) => {
    const side = 16 * 2 ** (5 * ((i * 0.618) % 1));
    const [x, y] = [((i * 0.755) % 1) * (WIDTH - side), ((i * 0.57) % 1) * (HEIGHT - side)];
    return [x, y, x + side, y + side];
  });
  const proposals = new Instances([HEIGHT, WIDTH], {
    proposalBoxes: new Boxes(corners),
    objectnessLogits: ndarray(new Float32Array(numProposals), [numProposals]),
  });
  return { image, height: HEIGHT, width: WIDTH, proposals };
}

/** How many instances or proposals there are. */
function countOf({ instances, proposals }: Output): number | undefined {
  return (instances ?? proposals)?.length;
}

function row(cells: readonly string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(24) : cell.padStart(9))).join("");
}
