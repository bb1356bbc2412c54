import { join } from "node:path";

import type { BuiltinDataset } from "./builtin-dataset.ts";
import { ade20kMetadata } from "./builtin-metadata.ts";

/** ADE20K's scene parsing. */
export const ADE20K_DATASETS: readonly BuiltinDataset[] = [
  semantic("train", "training"),
  semantic("val", "validation"),
];

function semantic(split: string, folder: string): BuiltinDataset {
  const images = `ADEChallengeData2016/images/${folder}`;
  const labels = `ADEChallengeData2016/annotations_detectron2/${folder}`;
  return {
    name: `ade20k_sem_seg_${split}`,
    layout: [`${images}/`, `${labels}/`],
    metadata: (root) => ({
      ...ade20kMetadata(),
      imageRoot: join(root, images),
      semSegRoot: join(root, labels),
      evaluatorType: "sem_seg",
      ignoreLabel: 255,
    }),
    load: async (root) => {
      const { loadSemSeg } = await import("../readers/sem-seg.ts");
      return loadSemSeg(join(root, labels), join(root, images));
    },
  };
}
