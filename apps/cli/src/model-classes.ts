import type { Config } from "@detectron-ts/config";

/** The config key that says how many classes of things a model has, and its value; undefined for models without things. */
export function modelClasses({ MODEL }: Config): { key: string; count: number } | undefined {
  switch (MODEL.META_ARCHITECTURE) {
    case "ProposalNetwork":
    case "SemanticSegmentor":
      return undefined;
    case "RetinaNet":
      return { key: "MODEL.RETINANET.NUM_CLASSES", count: MODEL.RETINANET.NUM_CLASSES };
    default:
      return { key: "MODEL.ROI_HEADS.NUM_CLASSES", count: MODEL.ROI_HEADS.NUM_CLASSES };
  }
}
