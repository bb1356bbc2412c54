import { join } from "node:path";

import type { BuiltinDataset } from "./builtin-dataset.ts";
import {
  type ClassMetadata,
  cocoMetadata,
  cocoPanopticSeparatedMetadata,
  cocoPanopticStandardMetadata,
  cocoPersonMetadata,
} from "./builtin-metadata.ts";

/** Name of the split, folder of its images, and how its files of annotations end. */
type Split = readonly [split: string, images: string, annotations: string];

const SPLITS_2014: readonly Split[] = [
  ["2014_train", "train2014", "train2014"],
  ["2014_val", "val2014", "val2014"],
  ["2014_minival", "val2014", "minival2014"],
  ["2014_valminusminival", "val2014", "valminusminival2014"],
];

const SPLITS_2017: readonly Split[] = [
  ["2017_train", "train2017", "train2017"],
  ["2017_val", "val2017", "val2017"],
  ["2017_val_100", "val2017", "val2017_100"],
];

/** Splits whose annotations nobody is given. */
const TEST_SPLITS: readonly Split[] = [
  ["2017_test", "test2017", "test2017"],
  ["2017_test-dev", "test2017", "test-dev2017"],
];

/** COCO: instances, keypoints of persons, and three forms of the panoptic segmentation. */
export const COCO_DATASETS: readonly BuiltinDataset[] = [
  ...[...SPLITS_2014, ...SPLITS_2017].map((split) =>
    instances("coco_", split, "instances", cocoMetadata),
  ),
  ...TEST_SPLITS.map((split) => instances("coco_", split, "image_info", cocoMetadata)),
  ...[...SPLITS_2014, ...SPLITS_2017].map((split) =>
    instances("keypoints_coco_", split, "person_keypoints", cocoPersonMetadata),
  ),
  ...SPLITS_2017.flatMap(panoptic),
];

function instances(
  prefix: string,
  [split, images, annotations]: Split,
  kind: string,
  classes: () => ClassMetadata,
): BuiltinDataset {
  const name = prefix + split;
  const imageFolder = `coco/${images}`;
  const file = `coco/annotations/${kind}_${annotations}.json`;
  return {
    name,
    layout: [`${imageFolder}/`, file],
    metadata: (root) => ({
      ...classes(),
      jsonFile: join(root, file),
      imageRoot: join(root, imageFolder),
      evaluatorType: "coco",
    }),
    load: async (root) => {
      const { loadCocoJson } = await import("../readers/coco.ts");
      return loadCocoJson(join(root, file), join(root, imageFolder), { datasetName: name });
    },
  };
}

/** The panoptic forms of a split: one range of ids for everything; ids of their own for things and stuff; stuff alone. */
function panoptic([split, images, annotations]: Split): BuiltinDataset[] {
  const name = `coco_${split}_panoptic`;
  const imageFolder = `coco/${images}`;
  const instancesFile = `coco/annotations/instances_${annotations}.json`;
  const panopticFile = `coco/annotations/panoptic_${annotations}.json`;
  const panopticFolder = `coco/panoptic_${annotations}`;
  const stuffFolder = `coco/panoptic_stuff_${annotations}`;
  const known = (root: string) =>
    ({
      imageRoot: join(root, imageFolder),
      panopticRoot: join(root, panopticFolder),
      panopticJson: join(root, panopticFile),
      jsonFile: join(root, instancesFile),
      evaluatorType: "coco_panoptic_seg",
      ignoreLabel: 255,
    }) as const;
  return [
    {
      name,
      layout: [`${imageFolder}/`, `${panopticFolder}/`, panopticFile],
      metadata: (root) => ({
        ...cocoPanopticStandardMetadata(),
        ...known(root),
        labelDivisor: 1000,
      }),
      load: async (root) => {
        const { loadCocoPanopticJson } = await import("../readers/coco-panoptic.ts");
        const { panopticJson, imageRoot, panopticRoot } = known(root);
        const metadata = cocoPanopticStandardMetadata();
        return loadCocoPanopticJson(panopticJson, imageRoot, panopticRoot, metadata);
      },
    },
    {
      name: `${name}_separated`,
      layout: [`${imageFolder}/`, instancesFile, `${stuffFolder}/`],
      metadata: (root) => ({
        ...cocoPanopticSeparatedMetadata(),
        ...known(root),
        semSegRoot: join(root, stuffFolder),
      }),
      load: async (root) => {
        const { loadCocoPanopticSeparated } = await import("../readers/coco-panoptic.ts");
        const { jsonFile, imageRoot } = known(root);
        return loadCocoPanopticSeparated(jsonFile, imageRoot, join(root, stuffFolder), {
          datasetName: `${name}_separated`,
        });
      },
    },
    {
      name: `${name}_stuffonly`,
      layout: [`${imageFolder}/`, `${stuffFolder}/`],
      metadata: (root) => ({
        ...cocoPanopticSeparatedMetadata(),
        semSegRoot: join(root, stuffFolder),
        imageRoot: join(root, imageFolder),
        evaluatorType: "sem_seg",
        ignoreLabel: 255,
      }),
      load: async (root) => {
        const { loadSemSeg } = await import("../readers/sem-seg.ts");
        return loadSemSeg(join(root, stuffFolder), join(root, imageFolder));
      },
    },
  ];
}
