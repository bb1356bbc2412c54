import { UnknownCatalogEntryError } from "../errors.ts";

/** Where detectron2's own models are. */
export const DETECTRON2_PREFIX = "https://dl.fbaipublicfiles.com/detectron2/";
/** Where Detectron's (Caffe2) models are. */
const DETECTRON_PREFIX = "https://dl.fbaipublicfiles.com/detectron/";

/**
 * ImageNet classifiers in Caffe2's format. Those of MSRA stride in the 1×1 convolution, and all have their
 * batch norms folded into a scale and a bias, so that only models with FrozenBN can take them.
 */
const IMAGENET_MODELS: ReadonlyMap<string, string> = new Map([
  ["MSRA/R-50", "ImageNetPretrained/MSRA/R-50.pkl"],
  ["MSRA/R-101", "ImageNetPretrained/MSRA/R-101.pkl"],
  ["FAIR/R-50-GN", "ImageNetPretrained/47261647/R-50-GN.pkl"],
  ["FAIR/R-101-GN", "ImageNetPretrained/47592356/R-101-GN.pkl"],
  ["FAIR/X-101-32x8d", "ImageNetPretrained/20171220/X-101-32x8d.pkl"],
  ["FAIR/X-101-64x4d", "ImageNetPretrained/FBResNeXt/X-101-64x4d.pkl"],
  ["FAIR/X-152-32x8d-IN5k", "ImageNetPretrained/25093814/X-152-32x8d-IN5k.pkl"],
]);

/** Folder of each Detectron baseline: model id, experiment, and the name of its training run. */
const DETECTRON_MODELS: ReadonlyMap<string, string> = new Map([
  [
    "35857197/e2e_faster_rcnn_R-50-C4_1x",
    "35857197/12_2017_baselines/e2e_faster_rcnn_R-50-C4_1x.yaml.01_33_49.iAX0mXvW",
  ],
  [
    "35857345/e2e_faster_rcnn_R-50-FPN_1x",
    "35857345/12_2017_baselines/e2e_faster_rcnn_R-50-FPN_1x.yaml.01_36_30.cUF7QR7I",
  ],
  [
    "35857890/e2e_faster_rcnn_R-101-FPN_1x",
    "35857890/12_2017_baselines/e2e_faster_rcnn_R-101-FPN_1x.yaml.01_38_50.sNxI7sX7",
  ],
  [
    "36761737/e2e_faster_rcnn_X-101-32x8d-FPN_1x",
    "36761737/12_2017_baselines/e2e_faster_rcnn_X-101-32x8d-FPN_1x.yaml.06_31_39.5MIHi1fZ",
  ],
  [
    "35858791/e2e_mask_rcnn_R-50-C4_1x",
    "35858791/12_2017_baselines/e2e_mask_rcnn_R-50-C4_1x.yaml.01_45_57.ZgkA7hPB",
  ],
  [
    "35858933/e2e_mask_rcnn_R-50-FPN_1x",
    "35858933/12_2017_baselines/e2e_mask_rcnn_R-50-FPN_1x.yaml.01_48_14.DzEQe4wC",
  ],
  [
    "35861795/e2e_mask_rcnn_R-101-FPN_1x",
    "35861795/12_2017_baselines/e2e_mask_rcnn_R-101-FPN_1x.yaml.02_31_37.KqyEK4tT",
  ],
  [
    "36761843/e2e_mask_rcnn_X-101-32x8d-FPN_1x",
    "36761843/12_2017_baselines/e2e_mask_rcnn_X-101-32x8d-FPN_1x.yaml.06_35_59.RZotkLKI",
  ],
  [
    "48616381/e2e_mask_rcnn_R-50-FPN_2x_gn",
    "GN/48616381/04_2018_gn_baselines/e2e_mask_rcnn_R-50-FPN_2x_gn_0416.13_23_38.bTlTI97Q",
  ],
  [
    "37697547/e2e_keypoint_rcnn_R-50-FPN_1x",
    "37697547/12_2017_baselines/e2e_keypoint_rcnn_R-50-FPN_1x.yaml.08_42_54.kdzV35ao",
  ],
  ["35998355/rpn_R-50-C4_1x", "35998355/12_2017_baselines/rpn_R-50-C4_1x.yaml.08_00_43.njH5oD9L"],
  ["35998814/rpn_R-50-FPN_1x", "35998814/12_2017_baselines/rpn_R-50-FPN_1x.yaml.08_06_03.Axg0r179"],
  [
    "36225147/fast_R-50-FPN_1x",
    "36225147/12_2017_baselines/fast_rcnn_R-50-FPN_1x.yaml.08_39_09.L3obSdQ2",
  ],
]);

const IMAGENET_FOLDER = "ImageNetPretrained/";
const DETECTRON_FOLDER = "Caffe2Detectron/COCO/";
const COCO_TRAIN = "coco_2014_train%3Acoco_2014_valminusminival";
const KEYPOINTS_TRAIN = "keypoints_coco_2014_train%3Akeypoints_coco_2014_valminusminival";

/**
 * The address of a `catalog://` entry, as `ImageNetPretrained/MSRA/R-50` or
 * `Caffe2Detectron/COCO/35858933/e2e_mask_rcnn_R-50-FPN_1x`. Mirrors detectron2's `ModelCatalog`.
 *
 * @throws {UnknownCatalogEntryError} when no table has it.
 */
export function catalogUrl(entry: string): string {
  if (entry.startsWith(IMAGENET_FOLDER)) {
    const path = IMAGENET_MODELS.get(entry.slice(IMAGENET_FOLDER.length));
    if (path !== undefined) return DETECTRON_PREFIX + path;
  }
  if (entry.startsWith(DETECTRON_FOLDER)) {
    const name = entry.slice(DETECTRON_FOLDER.length);
    const folder = DETECTRON_MODELS.get(name);
    if (folder !== undefined) {
      const dataset = name.includes("keypoint_rcnn") ? KEYPOINTS_TRAIN : COCO_TRAIN;
      // One proposal network was trained before all kinds of models were called "generalized_rcnn".
      const type = name.includes("rpn_R-50-C4_1x") ? "rpn" : "generalized_rcnn";
      return `${DETECTRON_PREFIX}${folder}/output/train/${dataset}/${type}/model_final.pkl`;
    }
  }
  throw new UnknownCatalogEntryError(entry, [
    ...[...IMAGENET_MODELS.keys()].map((name) => IMAGENET_FOLDER + name),
    ...[...DETECTRON_MODELS.keys()].map((name) => DETECTRON_FOLDER + name),
  ]);
}
