import { ADE20K_DATASETS } from "./ade20k.ts";
import type { BuiltinDataset } from "./builtin-dataset.ts";
import { CITYSCAPES_DATASETS } from "./cityscapes.ts";
import { COCO_DATASETS } from "./coco.ts";
import { LVIS_DATASETS } from "./lvis.ts";
import { PASCAL_VOC_DATASETS } from "./pascal-voc.ts";

/** The datasets that detectron2 knows by name. The table is all there is to them until one is asked for. */
export const BUILTIN_DATASETS: ReadonlyMap<string, BuiltinDataset> = new Map(
  [
    ...COCO_DATASETS,
    ...LVIS_DATASETS,
    ...CITYSCAPES_DATASETS,
    ...PASCAL_VOC_DATASETS,
    ...ADE20K_DATASETS,
  ].map((dataset) => [dataset.name, dataset]),
);
