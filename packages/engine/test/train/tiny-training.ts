import type { Config } from "@detectron-ts/config";
import { getConfig } from "@detectron-ts/model-zoo";
import type { ModelInput } from "@detectron-ts/modeling";
import { Generator } from "@detectron-ts/nn";
import { Boxes, Instances, PolygonMasks } from "@detectron-ts/structures";
import ndarray from "ndarray";

/** A Mask R-CNN of two classes, so narrow that a step of its training takes a fraction of a second. */
export function tinyMaskRCNN(
  overrides: Readonly<Record<string, unknown>> = {},
  zooName = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x",
): Config {
  const cfg = getConfig(zooName);
  const values = {
    "MODEL.RESNETS.STEM_OUT_CHANNELS": 8,
    "MODEL.RESNETS.WIDTH_PER_GROUP": 4,
    "MODEL.RESNETS.RES2_OUT_CHANNELS": 16,
    "MODEL.FPN.OUT_CHANNELS": 16,
    "MODEL.ROI_BOX_HEAD.FC_DIM": 16,
    "MODEL.ROI_MASK_HEAD.CONV_DIM": 8,
    "MODEL.ROI_HEADS.NUM_CLASSES": 2,
    "MODEL.RPN.PRE_NMS_TOPK_TRAIN": 100,
    "MODEL.RPN.POST_NMS_TOPK_TRAIN": 50,
    // Random weights without a norm that learns make large losses: any larger step would diverge.
    "SOLVER.BASE_LR": 1e-7,
    "SOLVER.STEPS": [],
    ...overrides,
  };
  cfg.mergeFromList(Object.entries(values).flat());
  return cfg;
}

/** An image of noise with bright squares on it, and these squares as ground truth. */
export function squares(
  height: number,
  width: number,
  corners: readonly (readonly [x: number, y: number, side: number])[],
): ModelInput {
  const generator = new Generator(height * width);
  const pixels = Uint8Array.from(
    { length: 3 * height * width },
    () => generator.nextUint32() & 127,
  );
  const image = ndarray(pixels, [3, height, width]);
  for (const [x, y, side] of corners) {
    for (let channel = 0; channel < 3; channel++) {
      for (let row = y; row < y + side; row++) {
        for (let column = x; column < x + side; column++) image.set(channel, row, column, 255);
      }
    }
  }
  const instances = new Instances([height, width], {
    gtBoxes: new Boxes(corners.map(([x, y, side]) => [x, y, x + side, y + side])),
    gtClasses: Int32Array.from(corners, (_, i) => i % 2),
    gtMasks: new PolygonMasks(
      corners.map(([x, y, side]) => [[x, y, x + side, y, x + side, y + side, x, y + side]]),
    ),
  });
  return { image, instances };
}
