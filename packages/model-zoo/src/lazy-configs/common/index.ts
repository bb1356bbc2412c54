export { cocoDataloader } from "./data/coco.ts";
export { cocoKeypointDataloader } from "./data/coco-keypoint.ts";
export { cocoLsjDataloader } from "./data/coco-lsj.ts";
export { cocoPanopticSeparatedDataloader } from "./data/coco-panoptic-separated.ts";
export { cocoSchedule, steppedSchedule } from "./coco-schedule.ts";
export type { SteppedScheduleOptions } from "./coco-schedule.ts";
export {
  detectionDatasetDicts,
  type DetectionDatasetOptions,
  detectionTestLoader,
  detectionTrainLoader,
  fedLossClsWeights,
  type FedLossWeightsOptions,
  keypointHflipIndices,
  type RepeatFactorOptions,
  repeatFactorSampler,
  type TrainLoaderOptions,
} from "./data/loaders.ts";
export { cascadeHeads, cascadeRcnn, type CascadeStagesOptions } from "./models/cascade-rcnn.ts";
export { fcos } from "./models/fcos.ts";
export { keypointRcnnFpn } from "./models/keypoint-rcnn-fpn.ts";
export { maskRcnnC4 } from "./models/mask-rcnn-c4.ts";
export { maskRcnnFpn } from "./models/mask-rcnn-fpn.ts";
export { maskRcnnVitdet, tokenLayerNorm, type VitSize } from "./models/mask-rcnn-vitdet.ts";
export { panopticFpn } from "./models/panoptic-fpn.ts";
export { regnetX4gf, regnetY4gf } from "./models/regnet.ts";
export { type BottleneckStageOptions, bottleneckStage, resnet50 } from "./models/resnet.ts";
export { retinanet } from "./models/retinanet.ts";
export { adamW, sgd, vitLrDecay } from "./optim.ts";
export { train } from "./train.ts";
