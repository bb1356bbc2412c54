import { assign } from "@detectron-ts/config";
import { IMAGENET_BGR256_OWN_STD } from "./common/data/constants.ts";
import { cocoDataloader } from "./common/data/coco.ts";
import { cocoKeypointDataloader } from "./common/data/coco-keypoint.ts";
import { cocoPanopticSeparatedDataloader } from "./common/data/coco-panoptic-separated.ts";
import { cocoSchedule } from "./common/coco-schedule.ts";
import { fcos } from "./common/models/fcos.ts";
import { keypointRcnnFpn } from "./common/models/keypoint-rcnn-fpn.ts";
import { maskRcnnC4 } from "./common/models/mask-rcnn-c4.ts";
import { maskRcnnFpn } from "./common/models/mask-rcnn-fpn.ts";
import { panopticFpn } from "./common/models/panoptic-fpn.ts";
import { regnetX4gf, regnetY4gf } from "./common/models/regnet.ts";
import { retinanet } from "./common/models/retinanet.ts";
import { sgd } from "./common/optim.ts";
import { train } from "./common/train.ts";

/** Weights of a ResNet-50 trained on ImageNet. */
const R_50 = "detectron2://ImageNetPretrained/MSRA/R-50.pkl";

/** The 1x schedule from weights that were trained on ImageNet. */
function schedule1x(initCheckpoint: string) {
  return {
    optimizer: sgd(),
    lrMultiplier: cocoSchedule(1),
    train: { ...train(), initCheckpoint },
  };
}

/** `COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x.py`. */
export function maskRcnnR50Fpn1x() {
  const model = maskRcnnFpn();
  model.backbone.bottomUp.freezeAt = 2;
  return { model, dataloader: cocoDataloader(), ...schedule1x(R_50) };
}

/** `COCO-InstanceSegmentation/mask_rcnn_R_50_C4_1x.py`. */
export function maskRcnnR50C41x() {
  const model = maskRcnnC4();
  model.backbone.freezeAt = 2;
  return { model, dataloader: cocoDataloader(), ...schedule1x(R_50) };
}

/** A RegNet of 4 GFLOPs in the place of the ResNet, with weights of pycls. */
function maskRcnnRegnet4gf(regnet: typeof regnetX4gf | typeof regnetY4gf, weights: string) {
  const model = maskRcnnFpn();
  const bottomUp = regnet("FrozenBN");
  bottomUp.freezeAt = 2;
  assign(model.backbone, { bottomUp });
  model.pixelStd = IMAGENET_BGR256_OWN_STD;
  const url = `https://dl.fbaipublicfiles.com/pycls/dds_baselines/${weights}_dds_8gpu.pyth`;
  const config = { model, dataloader: cocoDataloader(), ...schedule1x(url) };
  config.optimizer.weightDecay = 5e-5;
  return config;
}

/** `COCO-InstanceSegmentation/mask_rcnn_regnetx_4gf_dds_fpn_1x.py`. */
export function maskRcnnRegnetX4gf1x() {
  return maskRcnnRegnet4gf(regnetX4gf, "160906383/RegNetX-4.0GF");
}

/** `COCO-InstanceSegmentation/mask_rcnn_regnety_4gf_dds_fpn_1x.py`. */
export function maskRcnnRegnetY4gf1x() {
  return maskRcnnRegnet4gf(regnetY4gf, "160906838/RegNetY-4.0GF");
}

/** `COCO-Keypoints/keypoint_rcnn_R_50_FPN_1x.py`. */
export function keypointRcnnR50Fpn1x() {
  const model = keypointRcnnFpn();
  model.backbone.bottomUp.freezeAt = 2;
  return { model, dataloader: cocoKeypointDataloader(), ...schedule1x(R_50) };
}

/** `COCO-PanopticSegmentation/panoptic_fpn_R_50_1x.py`. */
export function panopticFpnR501x() {
  const model = panopticFpn();
  model.backbone.bottomUp.freezeAt = 2;
  return { model, dataloader: cocoPanopticSeparatedDataloader(), ...schedule1x(R_50) };
}

/** What both one-stage detectors train with: no masks, and half the learning rate. */
function boxesOnly() {
  const config = { dataloader: cocoDataloader(), ...schedule1x(R_50) };
  config.dataloader.train.mapper.useInstanceMask = false;
  config.optimizer.lr = 0.01;
  return config;
}

/** `COCO-Detection/retinanet_R_50_FPN_1x.py`. */
export function retinanetR50Fpn1x() {
  const model = retinanet();
  model.backbone.bottomUp.freezeAt = 2;
  return { model, ...boxesOnly() };
}

/** `COCO-Detection/fcos_R_50_FPN_1x.py`. */
export function fcosR50Fpn1x() {
  const model = fcos();
  model.backbone.bottomUp.freezeAt = 2;
  return { model, ...boxesOnly() };
}
