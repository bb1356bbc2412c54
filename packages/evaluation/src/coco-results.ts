import {
  encode,
  perCategoryAp,
  summarize,
  type CocoBbox,
  type CocoDetection,
  type IouType,
  type PrecisionRecall,
} from "@detectron-ts/coco";
import {
  type BitMasks,
  type Boxes,
  BoxMode,
  type Instances,
  RotatedBoxes,
} from "@detectron-ts/structures";
import type { NdArray } from "ndarray";

import type { TaskMetrics } from "./dataset-evaluator.ts";
import { flat, type PredictionFields } from "./prediction.ts";

/**
 * A model's instances in the form of COCO's results files, `category_id` being the class's position still. Mirrors
 * `detectron2.evaluation.coco_evaluation.instances_to_coco_json`, but leaves its argument as it is.
 *
 * Boxes become left, top, width and height, but rotated ones stay as they are; masks run-length encodings. Keypoints move by half a pixel: in COCO's files
 * they are positions of pixels, in models of points.
 */
export function instancesToCocoJson(
  instances: Instances<PredictionFields>,
  imageId: number | string,
): CocoDetection[] {
  const { predBoxes, scores, predClasses, predMasks, predKeypoints } = instances.fields();
  const boxOf = boxReader(predBoxes);
  const [scoreOf, classOf] = [flat(scores), flat(predClasses)];
  const maskOf = predMasks && maskEncoder(predMasks);
  const keypointsOf = predKeypoints && keypointReader(predKeypoints);

  return Array.from({ length: predBoxes.length }, (_, i) => ({
    image_id: imageId,
    category_id: classOf[i],
    bbox: boxOf(i),
    score: scoreOf[i],
    ...(maskOf && { segmentation: maskOf(i) }),
    ...(keypointsOf && { keypoints: keypointsOf(i) }),
  }));
}

function boxReader(boxes: Boxes): (i: number) => CocoBbox {
  if (boxes instanceof RotatedBoxes) {
    return (i) => {
      const [x, y, width, height, angle] = boxes.data.subarray(5 * i, 5 * i + 5);
      return [x, y, width, height, angle];
    };
  }
  const values = flat(BoxMode.convert(boxes.tensor, BoxMode.XYXY_ABS, BoxMode.XYWH_ABS));
  return (i) => [values[4 * i], values[4 * i + 1], values[4 * i + 2], values[4 * i + 3]];
}

function maskEncoder(masks: NdArray<Uint8Array> | BitMasks) {
  const tensor = "tensor" in masks ? masks.tensor : masks;
  const [, height, width] = tensor.shape;
  const pixels = flat(tensor);
  const size = height * width;
  return (i: number) => encode(pixels.subarray(i * size, (i + 1) * size), [height, width]);
}

function keypointReader(keypoints: NdArray<Float32Array>) {
  const values = flat(keypoints);
  const size = values.length / keypoints.shape[0];
  return (i: number) =>
    Array.from(values.subarray(i * size, (i + 1) * size), (value, j) =>
      j % 3 === 2 ? value : Math.fround(value - 0.5),
    );
}

const DETECTION_METRICS = ["AP", "AP50", "AP75", "APs", "APm", "APl"];
const METRICS: Readonly<Record<IouType, readonly string[]>> = {
  bbox: DETECTION_METRICS,
  segm: DETECTION_METRICS,
  keypoints: ["AP", "AP50", "AP75", "APm", "APl"],
};

/**
 * The numbers of an evaluation in percent, under detectron2's names: `AP`, `AP50`, `AP75`, `APs`, `APm`, `APl`, and with
 * more than one class `AP-<class>` for each. NaN stands where there is no ground truth of a kind, and everywhere without
 * any prediction.
 *
 * @param curves - undefined when there are no predictions; then classes are left out too.
 * @param classNames - in the order of the categories' ids.
 */
export function deriveCocoResults(
  iouType: IouType,
  curves: PrecisionRecall | undefined,
  classNames: readonly string[],
): TaskMetrics {
  const stats = curves && summarize(curves).stats;
  const results: Record<string, number> = {};
  METRICS[iouType].forEach((metric, i) => {
    results[metric] = stats !== undefined && stats[i] >= 0 ? stats[i] * 100 : NaN;
  });
  if (curves && classNames.length > 1) {
    perCategoryAp(curves).forEach((ap, k) => {
      results[`AP-${classNames[k]}`] = ap * 100;
    });
  }
  return results;
}
