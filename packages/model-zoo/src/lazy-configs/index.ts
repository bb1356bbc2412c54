import type { LazyConfigBase } from "../lazy-config-names.ts";
import {
  fcosR50Fpn1x,
  keypointRcnnR50Fpn1x,
  maskRcnnR50C41x,
  maskRcnnR50Fpn1x,
  maskRcnnRegnetX4gf1x,
  maskRcnnRegnetY4gf1x,
  panopticFpnR501x,
  retinanetR50Fpn1x,
} from "./coco.ts";
import type { LazyConfig } from "./lazy-config.ts";
import { maskRcnnR101, maskRcnnR50, maskRcnnRegnetX, maskRcnnRegnetY } from "./new-baselines.ts";
import { registerZooTargets } from "./targets.ts";
import { cascadeMvit, cascadeMvitHugeLsj, cascadeMvitLargeLsj, maskRcnnMvit } from "./mvitv2.ts";
import {
  cascadeMvitCoco,
  cascadeSwinCoco,
  cascadeVitdetCoco,
  maskRcnnVitdetCoco,
} from "./vitdet.ts";

import {
  cascadeMvitLvis,
  cascadeSwinLvis,
  cascadeVitdetLvis,
  maskRcnnVitdetLvis,
} from "./vitdet-lvis.ts";

/** What makes each config: a tree of its own for every call. */
const MAKERS: Readonly<Record<LazyConfigBase, () => LazyConfig>> = {
  "COCO-Detection/fcos_R_50_FPN_1x": fcosR50Fpn1x,
  "COCO-Detection/retinanet_R_50_FPN_1x": retinanetR50Fpn1x,
  "COCO-InstanceSegmentation/mask_rcnn_R_50_C4_1x": maskRcnnR50C41x,
  "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x": maskRcnnR50Fpn1x,
  "COCO-InstanceSegmentation/mask_rcnn_regnetx_4gf_dds_fpn_1x": maskRcnnRegnetX4gf1x,
  "COCO-InstanceSegmentation/mask_rcnn_regnety_4gf_dds_fpn_1x": maskRcnnRegnetY4gf1x,
  "COCO-Keypoints/keypoint_rcnn_R_50_FPN_1x": keypointRcnnR50Fpn1x,
  "COCO-PanopticSegmentation/panoptic_fpn_R_50_1x": panopticFpnR501x,
  "new_baselines/mask_rcnn_R_101_FPN_100ep_LSJ": () => maskRcnnR101(100),
  "new_baselines/mask_rcnn_R_101_FPN_200ep_LSJ": () => maskRcnnR101(200),
  "new_baselines/mask_rcnn_R_101_FPN_400ep_LSJ": () => maskRcnnR101(400),
  "new_baselines/mask_rcnn_R_50_FPN_100ep_LSJ": () => maskRcnnR50(100),
  "new_baselines/mask_rcnn_R_50_FPN_200ep_LSJ": () => maskRcnnR50(200),
  "new_baselines/mask_rcnn_R_50_FPN_400ep_LSJ": () => maskRcnnR50(400),
  "new_baselines/mask_rcnn_R_50_FPN_50ep_LSJ": () => maskRcnnR50(50),
  "new_baselines/mask_rcnn_regnetx_4gf_dds_FPN_100ep_LSJ": () => maskRcnnRegnetX(100),
  "new_baselines/mask_rcnn_regnetx_4gf_dds_FPN_200ep_LSJ": () => maskRcnnRegnetX(200),
  "new_baselines/mask_rcnn_regnetx_4gf_dds_FPN_400ep_LSJ": () => maskRcnnRegnetX(400),
  "new_baselines/mask_rcnn_regnety_4gf_dds_FPN_100ep_LSJ": () => maskRcnnRegnetY(100),
  "new_baselines/mask_rcnn_regnety_4gf_dds_FPN_200ep_LSJ": () => maskRcnnRegnetY(200),
  "new_baselines/mask_rcnn_regnety_4gf_dds_FPN_400ep_LSJ": () => maskRcnnRegnetY(400),
  "projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_b_3x": () => cascadeMvit("b"),
  "projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_b_in21k_3x": () => cascadeMvit("b", "in21k"),
  "projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_h_in21k_lsj_3x": cascadeMvitHugeLsj,
  "projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_l_in21k_lsj_50ep": cascadeMvitLargeLsj,
  "projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_s_3x": () => cascadeMvit("s"),
  "projects/MViTv2/configs/cascade_mask_rcnn_mvitv2_t_3x": () => cascadeMvit("t"),
  "projects/MViTv2/configs/mask_rcnn_mvitv2_t_3x": () => maskRcnnMvit(),
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_mvitv2_b_in21k_100ep": () => cascadeMvitCoco("b"),
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_mvitv2_h_in21k_36ep": () => cascadeMvitCoco("h"),
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_mvitv2_l_in21k_50ep": () => cascadeMvitCoco("l"),
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_swin_b_in21k_50ep": () => cascadeSwinCoco("b"),
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_swin_l_in21k_50ep": () => cascadeSwinCoco("l"),
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_vitdet_b_100ep": () => cascadeVitdetCoco("b"),
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_vitdet_h_75ep": () => cascadeVitdetCoco("h"),
  "projects/ViTDet/configs/COCO/cascade_mask_rcnn_vitdet_l_100ep": () => cascadeVitdetCoco("l"),
  "projects/ViTDet/configs/COCO/mask_rcnn_vitdet_b_100ep": () => maskRcnnVitdetCoco("b"),
  "projects/ViTDet/configs/COCO/mask_rcnn_vitdet_h_75ep": () => maskRcnnVitdetCoco("h"),
  "projects/ViTDet/configs/COCO/mask_rcnn_vitdet_l_100ep": () => maskRcnnVitdetCoco("l"),
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_mvitv2_b_in21k_100ep": () => cascadeMvitLvis("b"),
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_mvitv2_h_in21k_50ep": () => cascadeMvitLvis("h"),
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_mvitv2_l_in21k_50ep": () => cascadeMvitLvis("l"),
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_swin_b_in21k_50ep": () => cascadeSwinLvis("b"),
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_swin_l_in21k_50ep": () => cascadeSwinLvis("l"),
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_vitdet_b_100ep": () => cascadeVitdetLvis("b"),
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_vitdet_h_100ep": () => cascadeVitdetLvis("h"),
  "projects/ViTDet/configs/LVIS/cascade_mask_rcnn_vitdet_l_100ep": () => cascadeVitdetLvis("l"),
  "projects/ViTDet/configs/LVIS/mask_rcnn_vitdet_b_100ep": () => maskRcnnVitdetLvis("b"),
  "projects/ViTDet/configs/LVIS/mask_rcnn_vitdet_h_100ep": () => maskRcnnVitdetLvis("h"),
  "projects/ViTDet/configs/LVIS/mask_rcnn_vitdet_l_100ep": () => maskRcnnVitdetLvis("l"),
};

/** A config, of its own for each call. Its targets are registered. */
export function makeLazyConfig(name: LazyConfigBase): LazyConfig {
  registerZooTargets();
  return MAKERS[name]();
}
