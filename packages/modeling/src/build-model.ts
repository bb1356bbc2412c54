import { configure, type Config, Registry } from "@detectron-ts/config";

import { RetinaNet } from "./dense-detector/retinanet.ts";
import { GeneralizedRCNN, type MaskROIHeads } from "./generalized-rcnn.ts";
import { PanopticFPN } from "./panoptic-fpn/panoptic-fpn.ts";
import { ProposalNetwork } from "./proposal-network.ts";
import { SemanticSegmentor } from "./semantic-segmentation/semantic-segmentor.ts";

/** Builds a model from a config. */
export type MetaArchBuilder = (cfg: Config) => unknown;

/** What `cfg.MODEL.META_ARCHITECTURE` selects from. Mirrors detectron2's registry of that name. */
export const META_ARCH_REGISTRY = new Registry<MetaArchBuilder>("META_ARCH");

META_ARCH_REGISTRY.register("GeneralizedRCNN", (cfg) => configure(GeneralizedRCNN, [cfg]));
META_ARCH_REGISTRY.register("PanopticFPN", (cfg) => configure(PanopticFPN, [cfg]));
META_ARCH_REGISTRY.register("ProposalNetwork", (cfg) => configure(ProposalNetwork, [cfg]));
META_ARCH_REGISTRY.register("RetinaNet", (cfg) => configure(RetinaNet, [cfg]));
META_ARCH_REGISTRY.register("SemanticSegmentor", (cfg) => configure(SemanticSegmentor, [cfg]));

/**
 * Builds the whole model that a config describes, with random weights and in training; `model.eval()` ends that. Mirrors
 * `detectron2.modeling.build_model`. MODEL.WEIGHTS isn't loaded, and MODEL.DEVICE isn't looked at: tensors have no device,
 * and where they are computed is a setting of `@detectron-ts/runtime`.
 *
 * The class of the model is known to the config, not to the compiler, which takes it for a Mask R-CNN with
 * `StandardROIHeads`. Of other models, say the class: `buildModel<ProposalNetwork>(cfg)`.
 *
 * @typeParam Model - class of the model; taken on trust, like the element of `document.querySelector<E>`.
 * @throws NotRegisteredError of `@detectron-ts/config` when the config names something that nobody registered.
 */
export function buildModel<Model = GeneralizedRCNN<MaskROIHeads>>(cfg: Config): Model {
  return META_ARCH_REGISTRY.get(cfg.MODEL.META_ARCHITECTURE)(cfg) as Model;
}
