import { DatasetCatalog } from "../catalog/dataset-catalog.ts";
import { MetadataCatalog } from "../catalog/metadata-catalog.ts";
import { ADE20K_DATASETS } from "./ade20k.ts";
import type { BuiltinDataset } from "./builtin-dataset.ts";
import { CITYSCAPES_DATASETS } from "./cityscapes.ts";
import { COCO_DATASETS } from "./coco.ts";
import { loadBuiltin } from "./load-builtin.ts";
import { LVIS_DATASETS } from "./lvis.ts";
import { PASCAL_VOC_DATASETS } from "./pascal-voc.ts";

/**
 * Registers COCO's builtin datasets, whose files are under `root`, in the place of those of the usual folder. The names are
 * known without it; call it, or one of its like, for datasets in different folders.
 *
 * @param root - the folder with `coco/`.
 * @throws CatalogError when one of the names is registered already.
 */
export function registerAllCoco(root: string): void {
  registerAll(COCO_DATASETS, root);
}

/** Registers LVIS's builtin datasets; `root` has `lvis/` and `coco/`. As {@link registerAllCoco}. */
export function registerAllLvis(root: string): void {
  registerAll(LVIS_DATASETS, root);
}

/** Registers Cityscapes' builtin datasets, the panoptic ones included; `root` has `cityscapes/`. As {@link registerAllCoco}. */
export function registerAllCityscapes(root: string): void {
  registerAll(CITYSCAPES_DATASETS, root);
}

/** Registers Pascal VOC's builtin datasets; `root` has `VOC2007/` and `VOC2012/`. As {@link registerAllCoco}. */
export function registerAllPascalVoc(root: string): void {
  registerAll(PASCAL_VOC_DATASETS, root);
}

/** Registers ADE20K's builtin datasets; `root` has `ADEChallengeData2016/`. As {@link registerAllCoco}. */
export function registerAllAde20k(root: string): void {
  registerAll(ADE20K_DATASETS, root);
}

function registerAll(datasets: readonly BuiltinDataset[], root: string): void {
  for (const dataset of datasets) {
    DatasetCatalog.register(dataset.name, () => loadBuiltin(dataset, root));
    MetadataCatalog.get(dataset.name).set(dataset.metadata(root));
  }
}
