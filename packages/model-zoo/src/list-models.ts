import { CHECKPOINT_PREFIX, CHECKPOINTS } from "./checkpoints.ts";
import { PUBLISHED_RESULTS, type PublishedMetrics } from "./published-results.ts";

/** What a model finds, and by which architecture. */
export const MODEL_FAMILIES = [
  "faster_rcnn",
  "fast_rcnn",
  "rpn",
  "retinanet",
  "mask_rcnn",
  "cascade_mask_rcnn",
  "keypoint_rcnn",
  "panoptic_fpn",
] as const;

/** One of {@link MODEL_FAMILIES}. */
export type ModelFamily = (typeof MODEL_FAMILIES)[number];

/** The licence of released weights. */
export interface WeightsLicense {
  readonly name: string;
  readonly url: string;
}

/** Under which detectron2's authors released all weights of the zoo. */
export const WEIGHTS_LICENSE: WeightsLicense = {
  name: "CC BY-SA 3.0",
  url: "https://creativecommons.org/licenses/by-sa/3.0/",
};

/** A model with released weights and what was published of it: times and memory are of eight V100 GPUs. */
export interface PublishedModel {
  /** The config's name with its extension: `.yaml`, or `.py` for lazy configs. */
  readonly name: string;
  readonly family: ModelFamily;
  /** What it was trained on, such as `COCO` or `LVIS v0.5`. */
  readonly dataset: string;
  /** Of COCO's `1x`, 12 epochs, or `100 epochs`. */
  readonly schedule?: string;
  readonly metrics: PublishedMetrics;
  /** With 16 images for each iteration. */
  readonly trainSecondsPerIteration?: number;
  readonly inferenceSecondsPerImage?: number;
  /** Of each GPU. */
  readonly trainMemoryGB?: number;
  /** The number of the training job. */
  readonly modelId: string;
  readonly checkpointUrl: string;
  /** Of the checkpoint. */
  readonly license: WeightsLicense;
}

/** Options of {@link listModels}. */
export interface ListModelsOptions {
  /** Only models of this architecture. */
  readonly family?: ModelFamily;
  /** Only models trained on this, case ignored: `COCO`. */
  readonly dataset?: string;
  /** Only models with this in their names, case ignored. */
  readonly search?: string;
}

/** The models with released weights, by the folder and name of their configs. */
export function listModels({
  family,
  dataset,
  search = "",
}: ListModelsOptions = {}): PublishedModel[] {
  const wanted = search.toLowerCase();
  return MODELS.filter(
    (model) =>
      (family === undefined || model.family === family) &&
      (dataset === undefined || model.dataset.toLowerCase() === dataset.toLowerCase()) &&
      model.name.toLowerCase().includes(wanted),
  );
}

const MODELS: readonly PublishedModel[] = PUBLISHED_RESULTS.map((row) => {
  const [base, schedule, trainSeconds, inferenceSeconds, memory, metrics] = row;
  const file = CHECKPOINTS.get(base) ?? "";
  return {
    name: base + (base.startsWith("new_baselines/") ? ".py" : ".yaml"),
    family: familyOf(base),
    dataset: datasetOf(base),
    ...(schedule !== undefined && { schedule }),
    metrics,
    ...(trainSeconds !== undefined && { trainSecondsPerIteration: trainSeconds }),
    ...(inferenceSeconds !== undefined && { inferenceSecondsPerImage: inferenceSeconds }),
    ...(memory !== undefined && { trainMemoryGB: memory }),
    modelId: file.split("/")[0],
    checkpointUrl: `${CHECKPOINT_PREFIX}${base}/${file}`,
    license: WEIGHTS_LICENSE,
  };
});

/** The family that a config's file name starts with. */
function familyOf(name: string): ModelFamily {
  const file = name.slice(name.indexOf("/") + 1).replace("scratch_", "");
  const family = MODEL_FAMILIES.find((candidate) => file.startsWith(candidate));
  if (family === undefined) throw new TypeError(`${name} is of no family`);
  return family;
}

function datasetOf(name: string): string {
  if (name.startsWith("LVISv0.5")) return "LVIS v0.5";
  if (name.startsWith("Cityscapes")) return "Cityscapes";
  if (name.startsWith("PascalVOC")) return "Pascal VOC";
  return "COCO";
}
