import { MetadataError } from "../errors.ts";
import { MetadataCatalog } from "./metadata-catalog.ts";

/**
 * How likely the federated loss draws each class as a negative one: the number of images of the training set that have the
 * class, to a power. Mirrors `detectron2.data.get_fed_loss_cls_weights`.
 *
 * @param datasetNames - datasets that have the same counts.
 * @param freqWeightPower - 0 for the same weight for all, MODEL.ROI_BOX_HEAD.FED_LOSS_FREQ_WEIGHT_POWER.
 * @returns a weight for each class.
 * @throws MetadataError when a dataset has no `classImageCount`, or others than the first.
 */
export function getFedLossClsWeights(
  datasetNames: string | readonly string[],
  freqWeightPower = 1,
): Float32Array {
  const [first, ...others] = typeof datasetNames === "string" ? [datasetNames] : datasetNames;
  const counts = MetadataCatalog.get(first).get("classImageCount");
  for (const name of others) {
    const same = String(MetadataCatalog.get(name).get("classImageCount")) === String(counts);
    if (!same) {
      throw new MetadataError(name, "classImageCount", `is not that of dataset "${first}"`);
    }
  }
  return Float32Array.from(counts, (count) => count ** freqWeightPower);
}
