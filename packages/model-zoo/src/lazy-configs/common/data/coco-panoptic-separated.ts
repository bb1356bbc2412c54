import { cocoDataloader } from "./coco.ts";

/**
 * COCO's images with instances and stuff apart; the dataset asks for the three evaluations that detectron2 lists here.
 * Mirrors `dataloader` of detectron2's `configs/common/data/coco_panoptic_separated.py`.
 */
export function cocoPanopticSeparatedDataloader() {
  const dataloader = cocoDataloader();
  dataloader.train.dataset.names = "coco_2017_train_panoptic_separated";
  dataloader.train.dataset.filterEmpty = false;
  dataloader.test.dataset.names = "coco_2017_val_panoptic_separated";
  return dataloader;
}
