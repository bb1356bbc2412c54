import { lazy } from "@detectron-ts/config";
import {
  FixedSizeCrop,
  RandomFlip,
  ResizeScale,
  ResizeShortestEdge,
} from "@detectron-ts/transforms";
import { cocoDataloader } from "./coco.ts";

/** Side of the images, in pixels. */
const IMAGE_SIZE = 1024;

/** COCO with large-scale jitter. Mirrors `dataloader` of ViTDet's `configs/common/coco_loader_lsj.py`. */
export function cocoLsjDataloader() {
  const dataloader = cocoDataloader();
  const target = { targetHeight: IMAGE_SIZE, targetWidth: IMAGE_SIZE };
  dataloader.train.mapper.augmentations = [
    lazy(RandomFlip, { direction: "horizontal" }),
    lazy(ResizeScale, { minScale: 0.1, maxScale: 2, ...target }),
    lazy(FixedSizeCrop, { cropSize: [IMAGE_SIZE, IMAGE_SIZE], pad: false }),
  ];
  dataloader.train.mapper.imageFormat = "RGB";
  dataloader.train.mapper.recomputeBoxes = true;
  dataloader.train.totalBatchSize = 64;
  dataloader.test.mapper.augmentations = [
    lazy(ResizeShortestEdge, { shortEdgeLength: IMAGE_SIZE, maxSize: IMAGE_SIZE }),
  ];
  return dataloader;
}
