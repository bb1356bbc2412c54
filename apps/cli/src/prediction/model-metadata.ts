import type { LoadReport } from "@detectron-ts/checkpoint";
import type { Config } from "@detectron-ts/config";
import type { MetadataFields } from "@detectron-ts/data";

import { datasetMetadata } from "../datasets/dataset-metadata.ts";
import { findClassNames } from "./class-names.ts";

/** What is known of the classes and keypoints that a model finds. */
export type ModelMetadata = Partial<
  Pick<
    MetadataFields,
    | "thingClasses"
    | "thingColors"
    | "stuffClasses"
    | "stuffColors"
    | "keypointNames"
    | "keypointConnectionRules"
  >
>;

/**
 * Names and colours for what a model finds: names of things as {@link findClassNames} finds them, the rest from the dataset
 * that the config is tested on, of what fits the model.
 *
 * @throws UsageError when `--classes` has another number of names than the model has classes.
 */
export async function findMetadata(
  cfg: Config,
  report: LoadReport,
  givenClasses: readonly string[] | undefined,
): Promise<ModelMetadata> {
  const thingClasses = await findClassNames(cfg, report, givenClasses);
  const known = datasetMetadata(cfg);
  const { SEM_SEG_HEAD, ROI_KEYPOINT_HEAD } = cfg.MODEL;
  const stuffFits = known.stuffClasses?.length === SEM_SEG_HEAD.NUM_CLASSES;
  const keypointsFit = known.keypointNames?.length === ROI_KEYPOINT_HEAD.NUM_KEYPOINTS;
  return {
    ...(thingClasses && { thingClasses }),
    ...(thingClasses && thingClasses === known.thingClasses && pick(known, ["thingColors"])),
    ...(stuffFits && pick(known, ["stuffClasses", "stuffColors"])),
    ...(keypointsFit && pick(known, ["keypointNames", "keypointConnectionRules"])),
  };
}

function pick<Key extends keyof ModelMetadata>(
  metadata: Partial<MetadataFields>,
  keys: readonly Key[],
): Pick<ModelMetadata, Key> {
  const present = keys.filter((key) => metadata[key] !== undefined);
  return Object.fromEntries(present.map((key) => [key, metadata[key]])) as Pick<ModelMetadata, Key>;
}
