import { Boxes, heatmapsToKeypoints, type Instances } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";
import ndarray, { type NdArray } from "ndarray";

import { CountMismatchError } from "../errors.ts";
import type { GivenBoxFields, KeypointFields } from "../fields.ts";
import { float32Data } from "../float32-data.ts";

/**
 * Where the keypoints of each instance are. Mirrors
 * `detectron2.modeling.roi_heads.keypoint_head.keypoint_rcnn_inference`.
 *
 * @param predKeypointLogits - R×K×S×S, the instances of all images.
 * @returns for each image `predKeypoints`, N×K×3: x, y and score, see `heatmapsToKeypoints` of `@detectron-ts/structures`;
 *   and `predKeypointHeatmaps`, N×K×S×S: the logits.
 * @throws {@link CountMismatchError} unless there is a row for each instance.
 */
export async function keypointRcnnInference(
  predKeypointLogits: Tensor,
  instances: readonly Instances<Pick<GivenBoxFields, "predBoxes">>[],
): Promise<Required<KeypointFields>[]> {
  const [numRows, numKeypoints, height, width] = predKeypointLogits.shape;
  const boxes = Boxes.cat(instances.map(({ predBoxes }) => predBoxes));
  if (numRows !== boxes.length) {
    throw new CountMismatchError("rows of keypoint logits", numRows, boxes.length);
  }
  const heatmaps = await float32Data(predKeypointLogits);
  const numCells = numKeypoints * height * width;
  let start = 0;
  return instances.map(({ predBoxes }) => {
    const end = start + predBoxes.length;
    const shape = [predBoxes.length, numKeypoints, height, width];
    const predKeypointHeatmaps = ndarray(
      heatmaps.subarray(start * numCells, end * numCells),
      shape,
    );
    start = end;
    const keypoints = heatmapsToKeypoints(predKeypointHeatmaps, predBoxes);
    return { predKeypoints: withoutLogits(keypoints), predKeypointHeatmaps };
  });
}

/** N×K×3 out of N×K×4 (x, y, logit, score). */
function withoutLogits({ data, shape }: NdArray<Float32Array>): NdArray<Float32Array> {
  const [numInstances, numKeypoints] = shape;
  const kept = new Float32Array(3 * numInstances * numKeypoints);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    kept[to] = data[from];
    kept[to + 1] = data[from + 1];
    kept[to + 2] = data[from + 3];
  }
  return ndarray(kept, [numInstances, numKeypoints, 3]);
}
