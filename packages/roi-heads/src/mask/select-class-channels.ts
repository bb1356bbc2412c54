import { tensor, type Tensor } from "@detectron-ts/tensor";

import { ClassIndexError } from "../errors.ts";

/**
 * The mask that each row has for its class.
 *
 * @param maskLogits - R×K×M×M, or R×1×M×M: one mask for all classes.
 * @param classes - R class indices; of no matter where there is one mask for all classes.
 * @returns R×M×M; lazy.
 * @throws {@link ClassIndexError} for a class outside of `[0, K)`.
 */
export function selectClassChannels(maskLogits: Tensor, classes: Int32Array): Tensor {
  const [numRows, numChannels, height, width] = maskLogits.shape;
  const positions = classes.map((label, row) => {
    if (numChannels === 1) return row;
    if (label < 0 || label >= numChannels) throw new ClassIndexError(label, numChannels);
    return row * numChannels + label;
  });
  return maskLogits
    .reshape([numRows * numChannels, height, width])
    .indexSelect(0, tensor(positions));
}
