/**
 * The configs that detectron2 writes in Python, without extension. Apart from the configs themselves, which need every
 * package of a training.
 */
export const LAZY_CONFIG_NAMES = [
  "COCO-Detection/fcos_R_50_FPN_1x",
  "COCO-Detection/retinanet_R_50_FPN_1x",
  "COCO-InstanceSegmentation/mask_rcnn_R_50_C4_1x",
  "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x",
  "COCO-InstanceSegmentation/mask_rcnn_regnetx_4gf_dds_fpn_1x",
  "COCO-InstanceSegmentation/mask_rcnn_regnety_4gf_dds_fpn_1x",
  "COCO-Keypoints/keypoint_rcnn_R_50_FPN_1x",
  "COCO-PanopticSegmentation/panoptic_fpn_R_50_1x",
  "new_baselines/mask_rcnn_R_101_FPN_100ep_LSJ",
  "new_baselines/mask_rcnn_R_101_FPN_200ep_LSJ",
  "new_baselines/mask_rcnn_R_101_FPN_400ep_LSJ",
  "new_baselines/mask_rcnn_R_50_FPN_100ep_LSJ",
  "new_baselines/mask_rcnn_R_50_FPN_200ep_LSJ",
  "new_baselines/mask_rcnn_R_50_FPN_400ep_LSJ",
  "new_baselines/mask_rcnn_R_50_FPN_50ep_LSJ",
  "new_baselines/mask_rcnn_regnetx_4gf_dds_FPN_100ep_LSJ",
  "new_baselines/mask_rcnn_regnetx_4gf_dds_FPN_200ep_LSJ",
  "new_baselines/mask_rcnn_regnetx_4gf_dds_FPN_400ep_LSJ",
  "new_baselines/mask_rcnn_regnety_4gf_dds_FPN_100ep_LSJ",
  "new_baselines/mask_rcnn_regnety_4gf_dds_FPN_200ep_LSJ",
  "new_baselines/mask_rcnn_regnety_4gf_dds_FPN_400ep_LSJ",
  "projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_b_3x",
  "projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_b_in21k_3x",
  "projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_h_in21k_lsj_3x",
  "projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_l_in21k_lsj_50ep",
  "projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_s_3x",
  "projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_t_3x",
  "projects/MViTv2/configs/mask_rcnn_mvitv2_t_3x",
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_mvitv2_b_in21k_100ep",
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_mvitv2_h_in21k_36ep",
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_mvitv2_l_in21k_50ep",
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_swin_b_in21k_50ep",
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_swin_l_in21k_50ep",
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_vitdet_b_100ep",
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_vitdet_h_75ep",
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_vitdet_l_100ep",
  "projects/ViTDet/configs/COCO/mask_rcnn_vitdet_b_100ep",
  "projects/ViTDet/configs/COCO/mask_rcnn_vitdet_h_75ep",
  "projects/ViTDet/configs/COCO/mask_rcnn_vitdet_l_100ep",
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_mvitv2_b_in21k_100ep",
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_mvitv2_h_in21k_50ep",
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_mvitv2_l_in21k_50ep",
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_swin_b_in21k_50ep",
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_swin_l_in21k_50ep",
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_vitdet_b_100ep",
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_vitdet_h_100ep",
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_vitdet_l_100ep",
  "projects/ViTDet/configs/LVIS/mask_rcnn_vitdet_b_100ep",
  "projects/ViTDet/configs/LVIS/mask_rcnn_vitdet_h_100ep",
  "projects/ViTDet/configs/LVIS/mask_rcnn_vitdet_l_100ep",
] as const;

/** One of {@link LAZY_CONFIG_NAMES}. */
export type LazyConfigBase = (typeof LAZY_CONFIG_NAMES)[number];

/** Whether a name, without its extension, is that of a lazy config. */
export function isLazyConfigName(name: string): name is LazyConfigBase {
  return LAZY_CONFIG_NAMES.some((known) => known === name);
}
