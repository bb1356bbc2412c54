import { sigmoidFocalLoss } from "@detectron-ts/layers";
import { tensor, type Tensor } from "@detectron-ts/tensor";

/** Inputs of {@link denseClassificationLoss}: N images, and at each level A anchors at each of H×W locations. */
export interface DenseClassificationLossOptions {
  /** Of each level, N×(A·numClasses)×H×W, as the head gives them. */
  readonly predLogits: readonly Tensor[];
  /** For each image, the labels of the anchors of all levels: a class, `numClasses` for background, -1 for none. */
  readonly gtLabels: readonly Int32Array[];
  readonly numClasses: number;
  /** Weight of the positive, `1 - alpha` being that of the others. */
  readonly alpha: number;
  /** How fast well-classified anchors fade. */
  readonly gamma: number;
}

/**
 * Focal loss of every class at every anchor that has a label, summed; to be normalised by the caller.
 *
 * The logits stay in the order in which the head gives them, and it is the targets, most of them zeros, that are laid out
 * in that order: an image of usual size has 16 million logits, which would have to be moved about, and their gradients
 * back.
 *
 * @returns a scalar, differentiable in the logits.
 */
export function denseClassificationLoss({
  predLogits,
  gtLabels,
  numClasses,
  alpha,
  gamma,
}: DenseClassificationLossOptions): Tensor {
  let firstAnchor = 0;
  const sums = predLogits.map((logits) => {
    const [numImages, channels, height, width] = logits.shape;
    const size: LevelSize = {
      numImages,
      numCellAnchors: channels / numClasses,
      numClasses,
      numLocations: height * width,
    };
    const { target, isLabelled } = layOut(gtLabels, firstAnchor, size);
    firstAnchor += size.numCellAnchors * size.numLocations;

    const shape = [numImages, size.numCellAnchors, numClasses, size.numLocations];
    const loss = sigmoidFocalLoss(logits.reshape(shape), tensor(target, { shape }), {
      alpha,
      gamma,
    });
    // Class by class first: few terms at a time cost no digits.
    const ofAnchors = loss.sum(2);
    return ofAnchors
      .mul(tensor(isLabelled, { shape: ofAnchors.shape }))
      .sum(2)
      .sum();
  });
  return sums.reduce((total, sum) => total.add(sum));
}

interface LevelSize {
  readonly numImages: number;
  readonly numCellAnchors: number;
  readonly numClasses: number;
  readonly numLocations: number;
}

/**
 * The labels of one level in the order of its logits: N×A×numClasses×(H·W) ones and zeros, and N×A×(H·W) that say which
 * anchors have a label. Labels are in the order of anchors: by location, then the anchor at that location.
 */
function layOut(
  gtLabels: readonly Int32Array[],
  firstAnchor: number,
  { numImages, numCellAnchors, numClasses, numLocations }: LevelSize,
): { readonly target: Float32Array; readonly isLabelled: Float32Array } {
  const numAnchors = numCellAnchors * numLocations;
  const target = new Float32Array(numImages * numAnchors * numClasses);
  const isLabelled = new Float32Array(numImages * numAnchors).fill(1);
  for (const [image, labels] of gtLabels.entries()) {
    let from = firstAnchor;
    for (let location = 0; location < numLocations; location++) {
      for (let anchor = 0; anchor < numCellAnchors; anchor++, from++) {
        const label = labels[from];
        if (label === numClasses) continue;
        const plane = image * numCellAnchors + anchor;
        if (label < 0) isLabelled[plane * numLocations + location] = 0;
        else target[(plane * numClasses + label) * numLocations + location] = 1;
      }
    }
  }
  return { target, isLabelled };
}
