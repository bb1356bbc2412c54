import type { Config } from "@detectron-ts/config";
import type { LazyConfig } from "@detectron-ts/model-zoo";

import { numberAt } from "./number-at.ts";

/** How many classes of things a model has, and the key of its config that says so. */
export interface ModelClasses {
  readonly key: string;
  readonly count: number;
}

/** The classes of things that a config's model has; undefined for models without things. */
export function modelClasses({ MODEL }: Config): ModelClasses | undefined {
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

/** The classes of things that a lazy config's model has; undefined where it doesn't say by the usual names. */
export function modelClassesOfTree(config: LazyConfig): ModelClasses | undefined {
  for (const key of ["model.roiHeads.numClasses", "model.numClasses"]) {
    const count = numberAt(config, key);
    if (count !== undefined) return { key, count };
  }
  return undefined;
}
