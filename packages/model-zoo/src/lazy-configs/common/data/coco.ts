import { lazy } from "@detectron-ts/config";
import { DatasetMapper, type DatasetMapperOptions } from "@detectron-ts/data";
import { RandomFlip, ResizeShortestEdge } from "@detectron-ts/transforms";
import type { LazyValue } from "@detectron-ts/config";
import { detectionDatasetDicts, detectionTestLoader, detectionTrainLoader } from "./loaders.ts";

/** Augmentations as they stand in a tree. */
type Augmentations = LazyValue<DatasetMapperOptions["augmentations"]>;

/** A side of 640 to 800 pixels, in steps of 32, and a flip. */
function usualAugmentations(): Augmentations {
  return [
    lazy(ResizeShortestEdge, {
      shortEdgeLength: [640, 672, 704, 736, 768, 800],
      sampleStyle: "choice",
      maxSize: 1333,
    }),
    lazy(RandomFlip, { direction: "horizontal" }),
  ];
}

/** COCO's images with boxes and masks. Mirrors `dataloader` of detectron2's `configs/common/data/coco.py`. */
export function cocoDataloader() {
  return {
    train: lazy(detectionTrainLoader, {
      dataset: lazy(detectionDatasetDicts, { names: "coco_2017_train" }),
      mapper: lazy(DatasetMapper, {
        isTrain: true,
        augmentations: usualAugmentations(),
        imageFormat: "BGR",
        useInstanceMask: true,
      }),
      totalBatchSize: 16,
      numWorkers: 4,
      seed: "${train.seed}",
    }),
    test: lazy(detectionTestLoader, {
      dataset: lazy(detectionDatasetDicts, { names: "coco_2017_val", filterEmpty: false }),
      mapper: lazy(DatasetMapper, {
        isTrain: false,
        augmentations: [lazy(ResizeShortestEdge, { shortEdgeLength: 800, maxSize: 1333 })],
        imageFormat: "${...train.mapper.imageFormat}",
      }),
      numWorkers: 4,
    }),
    evaluator: { datasetName: "${..test.dataset.names}" },
  };
}
