import type { Instances } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";
import ndarray, { type NdArray } from "ndarray";

import { CountMismatchError } from "../errors.ts";
import type { GivenBoxFields } from "../fields.ts";
import { float32Data } from "../float32-data.ts";
import { concatClasses } from "../sampling/classes.ts";
import { selectClassChannels } from "./select-class-channels.ts";

/**
 * Mask probabilities of each instance for its predicted class, picked inside of the graph, so that only they are
 * computed. Mirrors `detectron2.modeling.roi_heads.mask_head.mask_rcnn_inference`.
 *
 * @param predMaskLogits - R×K×M×M, K = 1 for masks that are the same for all classes; the instances of all images.
 * @returns for each image N×1×M×M, in [0, 1].
 * @throws {@link CountMismatchError} unless there is a row for each instance.
 * @throws ClassIndexError for a class that the logits have no mask for.
 */
export async function maskRcnnInference(
  predMaskLogits: Tensor,
  instances: readonly Instances<Pick<GivenBoxFields, "predClasses">>[],
): Promise<NdArray<Float32Array>[]> {
  const classes = concatClasses(instances.map(({ predClasses }) => predClasses));
  const [numRows, , height, width] = predMaskLogits.shape;
  if (numRows !== classes.length) {
    throw new CountMismatchError("rows of mask logits", numRows, classes.length);
  }
  const probabilities = selectClassChannels(predMaskLogits, classes).sigmoid();
  const data = await float32Data(probabilities);
  let start = 0;
  return instances.map(({ predClasses }) => {
    const [count] = predClasses.shape;
    const end = start + count * height * width;
    const masks = ndarray(data.subarray(start, end), [count, 1, height, width]);
    start = end;
    return masks;
  });
}
