import type { FeatureMaps } from "@detectron-ts/backbone";
import type { Module } from "@detectron-ts/nn";
import type { Losses } from "@detectron-ts/roi-heads";
import type { Tensor } from "@detectron-ts/tensor";

/**
 * What a semantic segmentation head is called with: feature maps by name and, in training, the label of each pixel of the
 * padded images, N×H×W int32.
 */
export type SemSegHeadArgs = [features: FeatureMaps, targets?: Tensor];

/**
 * Logits of each class at each pixel of the padded images, N×C×H×W, lazy; and, given targets in training, losses by name.
 */
export type SemSegHeadOutput = [logits: Tensor, losses: Losses];

/** Says of each pixel what it shows. What a model needs of it, and what custom heads have to be. */
export type SemSegHead = Module<SemSegHeadArgs, Promise<SemSegHeadOutput>> & {
  /** Labels are from 0 to one less. */
  readonly numClasses: number;
  /** Label of pixels that do not train; padding gets it. */
  readonly ignoreValue: number;
};
