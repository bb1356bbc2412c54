import { COCOEvaluator, type COCOEvaluatorOptions } from "./coco-evaluator.ts";
import { rotatedBoxIou } from "./rotated-box-iou.ts";

/** Options of {@link RotatedCOCOEvaluator}. */
export type RotatedCOCOEvaluatorOptions = Omit<COCOEvaluatorOptions, "tasks" | "boxIou">;

/**
 * Average precision by COCO's rules of rotated boxes, which results and ground truth hold as five numbers: x and y of the
 * centre, width, height and degrees. Ground truth that is upright is taken as a box with an angle of 0. Mirrors
 * `detectron2.evaluation.RotatedCOCOEvaluator`.
 *
 * Boxes are compared by the regions they cover: whether one is upside down makes no difference. Results are
 * `{ bbox: { AP, AP50, AP75, APs, APm, APl, "AP-<class>", … } }`, in percent.
 *
 * Evaluating throws {@link RotatedCrowdError} where the ground truth has a crowd.
 */
export class RotatedCOCOEvaluator extends COCOEvaluator {
  /** @throws MetadataMismatchError if the contiguous ids are not 0, 1, 2, …. */
  constructor(options: RotatedCOCOEvaluatorOptions) {
    super({ ...options, tasks: ["bbox"], boxIou: rotatedBoxIou });
  }
}
