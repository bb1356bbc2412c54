/** What a model was published to reach, in percent. */
export interface PublishedMetrics {
  /** COCO's average precision of boxes; for keypoint models, of people's. */
  readonly boxAP?: number;
  /** The same at an IoU of 0.5 alone. */
  readonly boxAP50?: number;
  readonly maskAP?: number;
  readonly keypointAP?: number;
  /** Average recall of 1000 proposals. */
  readonly proposalAR?: number;
  /** Panoptic quality. */
  readonly pq?: number;
}

/** The name of a config, then as {@link PublishedModel} explains; undefined where nothing was published. */
type Row = readonly [
  name: string,
  schedule: string | undefined,
  trainSecondsPerIteration: number | undefined,
  inferenceSecondsPerImage: number | undefined,
  trainMemoryGB: number | undefined,
  metrics: PublishedMetrics,
];

/** The tables of detectron2's MODEL_ZOO.md and of its `Detectron1-Comparisons`. */
// prettier-ignore
export const PUBLISHED_RESULTS: readonly Row[] = [
  ["COCO-Detection/fast_rcnn_R_50_FPN_1x", "1x", 0.14, 0.029, 2.6, { boxAP: 37.8 }],
  ["COCO-Detection/faster_rcnn_R_101_C4_3x", "3x", 0.619, 0.139, 5.9, { boxAP: 41.1 }],
  ["COCO-Detection/faster_rcnn_R_101_DC5_3x", "3x", 0.452, 0.086, 6.1, { boxAP: 40.6 }],
  ["COCO-Detection/faster_rcnn_R_101_FPN_3x", "3x", 0.286, 0.051, 4.1, { boxAP: 42 }],
  ["COCO-Detection/faster_rcnn_R_50_C4_1x", "1x", 0.551, 0.102, 4.8, { boxAP: 35.7 }],
  ["COCO-Detection/faster_rcnn_R_50_C4_3x", "3x", 0.543, 0.104, 4.8, { boxAP: 38.4 }],
  ["COCO-Detection/faster_rcnn_R_50_DC5_1x", "1x", 0.38, 0.068, 5, { boxAP: 37.3 }],
  ["COCO-Detection/faster_rcnn_R_50_DC5_3x", "3x", 0.378, 0.07, 5, { boxAP: 39 }],
  ["COCO-Detection/faster_rcnn_R_50_FPN_1x", "1x", 0.21, 0.038, 3, { boxAP: 37.9 }],
  ["COCO-Detection/faster_rcnn_R_50_FPN_3x", "3x", 0.209, 0.038, 3, { boxAP: 40.2 }],
  ["COCO-Detection/faster_rcnn_X_101_32x8d_FPN_3x", "3x", 0.638, 0.098, 6.7, { boxAP: 43 }],
  ["COCO-Detection/retinanet_R_101_FPN_3x", "3x", 0.291, 0.054, 5.2, { boxAP: 40.4 }],
  ["COCO-Detection/retinanet_R_50_FPN_1x", "1x", 0.205, 0.041, 4.1, { boxAP: 37.4 }],
  ["COCO-Detection/retinanet_R_50_FPN_3x", "3x", 0.205, 0.041, 4.1, { boxAP: 38.7 }],
  ["COCO-Detection/rpn_R_50_C4_1x", "1x", 0.13, 0.034, 1.5, { proposalAR: 51.6 }],
  ["COCO-Detection/rpn_R_50_FPN_1x", "1x", 0.186, 0.032, 2.7, { proposalAR: 58 }],
  ["COCO-InstanceSegmentation/mask_rcnn_R_101_C4_3x", "3x", 0.652, 0.145, 6.3, { boxAP: 42.6, maskAP: 36.7 }],
  ["COCO-InstanceSegmentation/mask_rcnn_R_101_DC5_3x", "3x", 0.545, 0.092, 7.6, { boxAP: 41.9, maskAP: 37.3 }],
  ["COCO-InstanceSegmentation/mask_rcnn_R_101_FPN_3x", "3x", 0.34, 0.056, 4.6, { boxAP: 42.9, maskAP: 38.6 }],
  ["COCO-InstanceSegmentation/mask_rcnn_R_50_C4_1x", "1x", 0.584, 0.11, 5.2, { boxAP: 36.8, maskAP: 32.2 }],
  ["COCO-InstanceSegmentation/mask_rcnn_R_50_C4_3x", "3x", 0.575, 0.111, 5.2, { boxAP: 39.8, maskAP: 34.4 }],
  ["COCO-InstanceSegmentation/mask_rcnn_R_50_DC5_1x", "1x", 0.471, 0.076, 6.5, { boxAP: 38.3, maskAP: 34.2 }],
  ["COCO-InstanceSegmentation/mask_rcnn_R_50_DC5_3x", "3x", 0.47, 0.076, 6.5, { boxAP: 40, maskAP: 35.9 }],
  ["COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x", "1x", 0.261, 0.043, 3.4, { boxAP: 38.6, maskAP: 35.2 }],
  ["COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x", "3x", 0.261, 0.043, 3.4, { boxAP: 41, maskAP: 37.2 }],
  ["COCO-InstanceSegmentation/mask_rcnn_X_101_32x8d_FPN_3x", "3x", 0.69, 0.103, 7.2, { boxAP: 44.3, maskAP: 39.5 }],
  ["COCO-Keypoints/keypoint_rcnn_R_101_FPN_3x", "3x", 0.39, 0.076, 6.1, { boxAP: 56.4, keypointAP: 66.1 }],
  ["COCO-Keypoints/keypoint_rcnn_R_50_FPN_1x", "1x", 0.315, 0.072, 5, { boxAP: 53.6, keypointAP: 64 }],
  ["COCO-Keypoints/keypoint_rcnn_R_50_FPN_3x", "3x", 0.316, 0.066, 5, { boxAP: 55.4, keypointAP: 65.5 }],
  ["COCO-Keypoints/keypoint_rcnn_X_101_32x8d_FPN_3x", "3x", 0.738, 0.121, 8.7, { boxAP: 57.3, keypointAP: 66 }],
  ["COCO-PanopticSegmentation/panoptic_fpn_R_101_3x", "3x", 0.392, 0.066, 6, { boxAP: 42.4, maskAP: 38.5, pq: 43 }],
  ["COCO-PanopticSegmentation/panoptic_fpn_R_50_1x", "1x", 0.304, 0.053, 4.8, { boxAP: 37.6, maskAP: 34.7, pq: 39.4 }],
  ["COCO-PanopticSegmentation/panoptic_fpn_R_50_3x", "3x", 0.302, 0.053, 4.8, { boxAP: 40, maskAP: 36.5, pq: 41.5 }],
  ["Cityscapes/mask_rcnn_R_50_FPN", undefined, 0.24, 0.078, 4.4, { maskAP: 36.5 }],
  ["Detectron1-Comparisons/faster_rcnn_R_50_FPN_noaug_1x", "1x", 0.219, 0.038, 3.1, { boxAP: 36.9 }],
  ["Detectron1-Comparisons/keypoint_rcnn_R_50_FPN_1x", "1x", 0.313, 0.071, 5, { boxAP: 53.1, keypointAP: 64.2 }],
  ["Detectron1-Comparisons/mask_rcnn_R_50_FPN_noaug_1x", "1x", 0.273, 0.043, 3.4, { boxAP: 37.8, maskAP: 34.9 }],
  ["LVISv0.5-InstanceSegmentation/mask_rcnn_R_101_FPN_1x", "1x", 0.371, 0.114, 7.8, { boxAP: 25.6, maskAP: 25.9 }],
  ["LVISv0.5-InstanceSegmentation/mask_rcnn_R_50_FPN_1x", "1x", 0.292, 0.107, 7.1, { boxAP: 23.6, maskAP: 24.4 }],
  ["LVISv0.5-InstanceSegmentation/mask_rcnn_X_101_32x8d_FPN_1x", "1x", 0.712, 0.151, 10.2, { boxAP: 26.7, maskAP: 27.1 }],
  ["Misc/cascade_mask_rcnn_R_50_FPN_1x", "1x", 0.317, 0.052, 4, { boxAP: 42.1, maskAP: 36.4 }],
  ["Misc/cascade_mask_rcnn_R_50_FPN_3x", "3x", 0.328, 0.053, 4, { boxAP: 44.3, maskAP: 38.5 }],
  ["Misc/cascade_mask_rcnn_X_152_32x8d_FPN_IN5k_gn_dconv", undefined, undefined, 0.234, 15.1, { boxAP: 50.2, maskAP: 44 }],
  ["Misc/mask_rcnn_R_50_FPN_1x_dconv_c3-c5", "1x", 0.342, 0.048, 3.5, { boxAP: 41.5, maskAP: 37.5 }],
  ["Misc/mask_rcnn_R_50_FPN_3x_dconv_c3-c5", "3x", 0.349, 0.047, 3.5, { boxAP: 42.7, maskAP: 38.5 }],
  ["Misc/mask_rcnn_R_50_FPN_3x_gn", "3x", 0.309, 0.06, 5.6, { boxAP: 42.6, maskAP: 38.6 }],
  ["Misc/mask_rcnn_R_50_FPN_3x_syncbn", "3x", 0.345, 0.053, 5.5, { boxAP: 41.9, maskAP: 37.8 }],
  ["Misc/panoptic_fpn_R_101_dconv_cascade_gn_3x", undefined, undefined, 0.098, 11.4, { boxAP: 47.4, maskAP: 41.3, pq: 46.1 }],
  ["Misc/scratch_mask_rcnn_R_50_FPN_3x_gn", "3x", 0.338, 0.061, 7.2, { boxAP: 39.9, maskAP: 36.6 }],
  ["Misc/scratch_mask_rcnn_R_50_FPN_9x_gn", "9x", undefined, 0.061, 7.2, { boxAP: 43.7, maskAP: 39.6 }],
  ["Misc/scratch_mask_rcnn_R_50_FPN_9x_syncbn", "9x", undefined, 0.055, 7.2, { boxAP: 43.6, maskAP: 39.3 }],
  ["PascalVOC-Detection/faster_rcnn_R_50_C4", undefined, 0.537, 0.081, 4.8, { boxAP: 51.9, boxAP50: 80.3 }],
  ["new_baselines/mask_rcnn_R_101_FPN_100ep_LSJ", "100 epochs", 0.518, 0.073, undefined, { boxAP: 46.4, maskAP: 41.6 }],
  ["new_baselines/mask_rcnn_R_101_FPN_200ep_LSJ", "200 epochs", 0.518, 0.073, undefined, { boxAP: 48, maskAP: 43.1 }],
  ["new_baselines/mask_rcnn_R_101_FPN_400ep_LSJ", "400 epochs", 0.518, 0.073, undefined, { boxAP: 48.9, maskAP: 43.7 }],
  ["new_baselines/mask_rcnn_R_50_FPN_100ep_LSJ", "100 epochs", 0.376, 0.069, undefined, { boxAP: 44.6, maskAP: 40.3 }],
  ["new_baselines/mask_rcnn_R_50_FPN_200ep_LSJ", "200 epochs", 0.376, 0.069, undefined, { boxAP: 46.3, maskAP: 41.7 }],
  ["new_baselines/mask_rcnn_R_50_FPN_400ep_LSJ", "400 epochs", 0.376, 0.069, undefined, { boxAP: 47.4, maskAP: 42.5 }],
  ["new_baselines/mask_rcnn_regnetx_4gf_dds_FPN_100ep_LSJ", "100 epochs", 0.474, 0.071, undefined, { boxAP: 46, maskAP: 41.3 }],
  ["new_baselines/mask_rcnn_regnetx_4gf_dds_FPN_200ep_LSJ", "200 epochs", 0.474, 0.071, undefined, { boxAP: 48.1, maskAP: 43.1 }],
  ["new_baselines/mask_rcnn_regnetx_4gf_dds_FPN_400ep_LSJ", "400 epochs", 0.474, 0.071, undefined, { boxAP: 48.6, maskAP: 43.5 }],
  ["new_baselines/mask_rcnn_regnety_4gf_dds_FPN_100ep_LSJ", "100 epochs", 0.487, 0.073, undefined, { boxAP: 46.1, maskAP: 41.6 }],
  ["new_baselines/mask_rcnn_regnety_4gf_dds_FPN_200ep_LSJ", "200 epochs", 0.487, 0.072, undefined, { boxAP: 47.8, maskAP: 43 }],
  ["new_baselines/mask_rcnn_regnety_4gf_dds_FPN_400ep_LSJ", "400 epochs", 0.487, 0.072, undefined, { boxAP: 48.2, maskAP: 43.3 }],];
