import { tensor, type Tensor } from "@detectron-ts/tensor";

/**
 * The mask that each row has for its class.
 *
 * @param maskLogits - R×K×M×M, or R×1×M×M: one mask for all classes.
 * @param classes - R class indices.
 * @returns R×M×M; lazy.
 */
export function selectClassChannels(maskLogits: Tensor, classes: Int32Array): Tensor {
  const [numRows, numChannels, height, width] = maskLogits.shape;
  const positions = classes.map((label, row) =>
    numChannels === 1 ? row : row * numChannels + label,
  );
  return maskLogits
    .reshape([numRows * numChannels, height, width])
    .indexSelect(0, tensor(positions));
}
