import type { Backbone } from "@detectron-ts/backbone";
import { ImageList, type ImageSize, rowMajorData } from "@detectron-ts/structures";
import { tensor, type Tensor } from "@detectron-ts/tensor";

import { SemSegLabelError, SemSegSizeError } from "../errors.ts";
import { type ModelInput, requireField } from "../model-input.ts";
import type { SemSegHead } from "./sem-seg-head.ts";

/**
 * Labels of the pixels of a batch, padded as its images are with the label that is ignored: N×H×W int32.
 *
 * @param imageSizes - of the images before padding.
 * @throws MissingInputError when an input has no `semSeg`.
 * @throws SemSegSizeError when labels aren't of the size of their image.
 * @throws SemSegLabelError for a label that is neither a class nor ignored.
 */
export function semSegTargets(
  batchedInputs: readonly ModelInput[],
  imageSizes: readonly ImageSize[],
  {
    sizeDivisibility,
    paddingConstraints,
  }: Pick<Backbone, "sizeDivisibility" | "paddingConstraints">,
  { numClasses, ignoreValue }: Pick<SemSegHead, "numClasses" | "ignoreValue">,
): Tensor {
  const labels = requireField(batchedInputs, "semSeg", "training needs").map((semSeg, index) => {
    const { shape } = semSeg;
    const [height, width] = imageSizes[index];
    if (shape.length !== 2 || shape[0] !== height || shape[1] !== width) {
      throw new SemSegSizeError(index, shape, [height, width]);
    }
    const data = Int32Array.from(rowMajorData(semSeg));
    const wrong = data.findIndex(
      (label) => label !== ignoreValue && !(label >= 0 && label < numClasses),
    );
    if (wrong >= 0) {
      const position = [Math.floor(wrong / width), wrong % width] as const;
      throw new SemSegLabelError(index, position, data[wrong], numClasses, ignoreValue);
    }
    return tensor(data, { shape: [height, width] });
  });
  const options = { padValue: ignoreValue, paddingConstraints };
  return ImageList.fromTensors(labels, sizeDivisibility, options).tensor;
}
