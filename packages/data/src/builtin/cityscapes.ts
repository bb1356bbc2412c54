import { join } from "node:path";

import type { MetadataFields } from "../catalog/metadata-catalog.ts";
import type { BuiltinDataset } from "./builtin-dataset.ts";
import { cityscapesMetadata, cityscapesPanopticMetadata } from "./builtin-metadata.ts";

/** Cityscapes' finely annotated images: instances, pixels, and both together. */
export const CITYSCAPES_DATASETS: readonly BuiltinDataset[] = [
  ...["train", "val", "test"].flatMap((split) => [instances(split), semantic(split)]),
  ...["train", "val"].map(panoptic),
];

function images(split: string): string {
  return `cityscapes/leftImg8bit/${split}`;
}

function labels(split: string): string {
  return `cityscapes/gtFine/${split}`;
}

function folders(
  root: string,
  split: string,
): Required<Pick<MetadataFields, "imageDir" | "gtDir">> {
  return { imageDir: join(root, images(split)), gtDir: join(root, labels(split)) };
}

function instances(split: string): BuiltinDataset {
  return {
    name: `cityscapes_fine_instance_seg_${split}`,
    layout: [`${images(split)}/`, `${labels(split)}/`],
    metadata: (root) => ({
      ...cityscapesMetadata(),
      ...folders(root, split),
      evaluatorType: "cityscapes_instance",
    }),
    load: async (root) => {
      const { loadCityscapesInstances } = await import("../readers/cityscapes-instances.ts");
      const { imageDir, gtDir } = folders(root, split);
      return loadCityscapesInstances(imageDir, gtDir);
    },
  };
}

function semantic(split: string): BuiltinDataset {
  return {
    name: `cityscapes_fine_sem_seg_${split}`,
    layout: [`${images(split)}/`, `${labels(split)}/`],
    metadata: (root) => ({
      ...cityscapesMetadata(),
      ...folders(root, split),
      evaluatorType: "cityscapes_sem_seg",
      ignoreLabel: 255,
    }),
    load: async (root) => {
      const { loadCityscapesSemantic } = await import("../readers/cityscapes.ts");
      const { imageDir, gtDir } = folders(root, split);
      return loadCityscapesSemantic(imageDir, gtDir);
    },
  };
}

function panoptic(split: string): BuiltinDataset {
  const panopticFolder = `cityscapes/gtFine/cityscapes_panoptic_${split}`;
  const panopticFile = `cityscapes/gtFine/cityscapes_panoptic_${split}.json`;
  return {
    name: `cityscapes_fine_panoptic_${split}`,
    layout: [`${images(split)}/`, `${labels(split)}/`, `${panopticFolder}/`, panopticFile],
    metadata: (root) => {
      const { imageDir, gtDir } = folders(root, split);
      return {
        ...cityscapesPanopticMetadata(),
        imageRoot: imageDir,
        gtDir,
        panopticRoot: join(root, panopticFolder),
        panopticJson: join(root, panopticFile),
        evaluatorType: "cityscapes_panoptic_seg",
        ignoreLabel: 255,
        labelDivisor: 1000,
      };
    },
    load: async (root) => {
      const { loadCityscapesPanoptic } = await import("../readers/cityscapes.ts");
      return loadCityscapesPanoptic(
        folders(root, split).imageDir,
        join(root, panopticFolder),
        join(root, panopticFile),
        cityscapesPanopticMetadata(),
      );
    },
  };
}
