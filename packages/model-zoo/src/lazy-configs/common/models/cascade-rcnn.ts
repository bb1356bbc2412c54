import { assign, lazy, optionsWithout } from "@detectron-ts/config";
import { Box2BoxTransform } from "@detectron-ts/box-regression";
import { CascadeROIHeads, FastRCNNConvFCHead, FastRCNNOutputLayers } from "@detectron-ts/roi-heads";
import { maskRcnnFpn } from "./mask-rcnn-fpn.ts";
import { proposalMatcher } from "./two-stage.ts";

/** Weights of position and of size of the stages' boxes. */
const STAGE_WEIGHTS = [
  [10, 5],
  [20, 10],
  [30, 15],
] as const;

/** Options of {@link cascadeStages}. */
export interface CascadeStagesOptions {
  readonly convDims?: readonly number[];
  readonly fcDims?: readonly number[];
  readonly convNorm?: string;
}

/** The box branches of a cascade's three stages. */
function cascadeStages({
  convDims = [],
  fcDims = [1024, 1024],
  convNorm = "",
}: CascadeStagesOptions = {}) {
  return {
    boxHeads: STAGE_WEIGHTS.map(() =>
      lazy(FastRCNNConvFCHead, {
        inputShape: { channels: 256, height: 7, width: 7 },
        convDims,
        fcDims,
        convNorm,
      }),
    ),
    boxPredictors: STAGE_WEIGHTS.map(([position, size]) =>
      lazy(FastRCNNOutputLayers, {
        inputShape: { channels: 1024 },
        testScoreThresh: 0.05,
        box2boxTransform: lazy(Box2BoxTransform, { weights: [position, position, size, size] }),
        clsAgnosticBboxReg: true,
        numClasses: "${...numClasses}",
      }),
    ),
    proposalMatchers: [0.5, 0.6, 0.7].map(proposalMatcher),
  };
}

/** The heads of Mask R-CNN as those of a cascade. */
export function cascadeHeads(
  heads: ReturnType<typeof maskRcnnFpn>["roiHeads"],
  options: CascadeStagesOptions = {},
) {
  const shared = optionsWithout(
    heads,
    "boxHead",
    "boxPredictor",
    "proposalMatcher",
    "trainOnPredBoxes",
  );
  return lazy(CascadeROIHeads, { ...shared, ...cascadeStages(options) });
}

/** Cascade Mask R-CNN with a ResNet-50 and FPN. Mirrors detectron2's `configs/common/models/cascade_rcnn.py`. */
export function cascadeRcnn() {
  const model = maskRcnnFpn();
  return assign(model, { roiHeads: cascadeHeads(model.roiHeads) });
}
