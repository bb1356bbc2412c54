import type { Matches } from "@detectron-ts/matcher";
import type { ClassIndices, TargetFields } from "@detectron-ts/roi-heads";
import { type Boxes, type Instances, isNdArray, rowMajorData } from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

import { GroundTruthClassError } from "./errors.ts";

/** What to teach the R anchors of all levels, for each of N images. */
export interface AnchorLabels {
  /** For each image, R labels: a class, `numClasses` for background, or -1 for what has no loss. */
  readonly gtLabels: readonly Int32Array[];
  /** For each image, R×4: the ground-truth box matched to each anchor; meaningless unless its label is a class. */
  readonly gtBoxes: readonly NdArray<Float32Array>[];
}

/**
 * Labels the anchors of each image by how they match its ground truth: matches labelled 1 get the class of their ground
 * truth, those labelled 0 are background, and those labelled -1 have no loss.
 *
 * @param numAnchors - R, of all levels together.
 * @param gtInstances - of each image. Without any instance, all anchors are background.
 * @param match - matches R anchors with boxes, of which there is at least one.
 * @throws GroundTruthClassError when an instance is of a class outside [0, numClasses).
 */
export function labelAnchors(
  numAnchors: number,
  gtInstances: readonly Instances<TargetFields>[],
  numClasses: number,
  match: (gtBoxes: Boxes) => Matches,
): AnchorLabels {
  const gtLabels: Int32Array[] = [];
  const gtBoxesOfImages: NdArray<Float32Array>[] = [];
  for (const [image, { gtBoxes, gtClasses }] of gtInstances.entries()) {
    if (gtBoxes.length === 0) {
      gtLabels.push(new Int32Array(numAnchors).fill(numClasses));
      gtBoxesOfImages.push(ndarray(new Float32Array(4 * numAnchors), [numAnchors, 4]));
      continue;
    }
    const classes = checkedClasses(gtClasses, numClasses, image);
    const { matches, matchLabels } = match(gtBoxes);
    gtLabels.push(
      matches.map((truth, anchor) => {
        const label = matchLabels[anchor];
        if (label === 1) return classes[truth];
        return label === 0 ? numClasses : -1;
      }),
    );
    gtBoxesOfImages.push(gtBoxes.select(matches).tensor);
  }
  return { gtLabels, gtBoxes: gtBoxesOfImages };
}

/** N×R: 1 for each anchor that is labelled with a class. */
export function positiveMask(
  gtLabels: readonly Int32Array[],
  numClasses: number,
): NdArray<Uint8Array> {
  const [{ length: numAnchors }] = gtLabels;
  const mask = new Uint8Array(gtLabels.length * numAnchors);
  for (const [image, labels] of gtLabels.entries()) {
    const start = image * numAnchors;
    for (let i = 0; i < numAnchors; i++) {
      if (labels[i] >= 0 && labels[i] !== numClasses) mask[start + i] = 1;
    }
  }
  return ndarray(mask, [gtLabels.length, numAnchors]);
}

function checkedClasses(gtClasses: ClassIndices, numClasses: number, image: number): Int32Array {
  const classes = isNdArray(gtClasses) ? rowMajorData(gtClasses) : gtClasses;
  const row = classes.findIndex((label) => label < 0 || label >= numClasses);
  if (row >= 0) throw new GroundTruthClassError(image, row, classes[row], numClasses);
  return classes;
}
