import {
  type Augmentation,
  AugmentationList,
  RandomApply,
  type Transform,
} from "@detectron-ts/transforms";

// Two classes take their arguments one by one; trees need them in one object.

/** An `AugmentationList` of `@detectron-ts/transforms`. */
export function augmentationList({
  augmentations,
}: {
  /** One after the other. */
  readonly augmentations: readonly (Augmentation | Transform)[];
}): AugmentationList {
  return new AugmentationList(augmentations);
}

/** A `RandomApply` of `@detectron-ts/transforms`. */
export function randomApply({
  augmentation,
  prob = 0.5,
}: {
  readonly augmentation: Augmentation | Transform;
  /** How often it is applied; 0.5 when left out. */
  readonly prob?: number;
}): RandomApply {
  return new RandomApply(augmentation, prob);
}
