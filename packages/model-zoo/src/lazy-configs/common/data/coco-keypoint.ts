import { lazy } from "@detectron-ts/config";
import { cocoDataloader } from "./coco.ts";
import { keypointHflipIndices } from "./loaders.ts";

/** COCO's images of people. Mirrors `dataloader` of detectron2's `configs/common/data/coco_keypoint.py`. */
export function cocoKeypointDataloader() {
  const dataloader = cocoDataloader();
  const { train, test } = dataloader;
  train.dataset.minKeypoints = 1;
  train.dataset.names = "keypoints_coco_2017_train";
  test.dataset.names = "keypoints_coco_2017_val";
  train.mapper.useInstanceMask = false;
  train.mapper.useKeypoint = true;
  train.mapper.keypointHflipIndices = lazy(keypointHflipIndices, { names: "${...dataset.names}" });
  return dataloader;
}
