import { join } from "node:path";

import type { BuiltinDataset } from "./builtin-dataset.ts";
import { VOC_CLASSES } from "./classes/pascal-voc.ts";

const SPLITS: Readonly<Record<number, readonly string[]>> = {
  2007: ["trainval", "train", "val", "test"],
  2012: ["trainval", "train", "val"],
};

/** Pascal VOC's challenges of 2007 and 2012. */
export const PASCAL_VOC_DATASETS: readonly BuiltinDataset[] = Object.entries(SPLITS).flatMap(
  ([year, splits]) => splits.map((split) => detection(Number(year), split)),
);

function detection(year: number, split: string): BuiltinDataset {
  const folder = `VOC${year}`;
  return {
    name: `voc_${year}_${split}`,
    layout: [
      `${folder}/Annotations/`,
      `${folder}/ImageSets/Main/${split}.txt`,
      `${folder}/JPEGImages/`,
    ],
    metadata: (root) => ({
      thingClasses: VOC_CLASSES,
      dirname: join(root, folder),
      split,
      year,
      evaluatorType: "pascal_voc",
    }),
    load: async (root) => {
      const { loadVocInstances } = await import("../readers/pascal-voc.ts");
      return loadVocInstances(join(root, folder), split);
    },
  };
}
