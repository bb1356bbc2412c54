import type { LoadReport } from "@detectron-ts/checkpoint";
import { MetadataCatalog, type MetadataFields } from "@detectron-ts/data";

import { findClassNames } from "./class-names.ts";
import type { ModelKinds } from "./model-kinds.ts";

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
 * that it is tested on, of what fits the model.
 *
 * @param dataset - name of that dataset, if there is one.
 * @throws UsageError when `--classes` has another number of names than the model has classes.
 */
export async function findMetadata(
  kinds: ModelKinds,
  dataset: string | undefined,
  report: LoadReport,
  givenClasses: readonly string[] | undefined,
): Promise<ModelMetadata> {
  const known: Partial<MetadataFields> =
    dataset === undefined ? {} : MetadataCatalog.get(dataset).asDict();
  const things = kinds.things ?? 0;
  const thingClasses = await findClassNames(things, report, givenClasses, known.thingClasses);
  const stuffFits = known.stuffClasses !== undefined && known.stuffClasses.length === kinds.stuff;
  const keypointsFit =
    known.keypointNames !== undefined && known.keypointNames.length === kinds.keypoints;
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
