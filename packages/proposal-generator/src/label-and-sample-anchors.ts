import { subsampleLabels, type Matcher, type RandomGenerator } from "@detectron-ts/matcher";
import { Boxes, pairwiseIou, type ImageSize, type Instances } from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

import type { GroundTruthFields } from "./proposal-generator.ts";

/** What to teach the R anchors of all levels, for each image. */
export interface AnchorTargets {
  /** For each image, R labels: 1 object, 0 background, -1 not sampled. */
  readonly gtLabels: readonly Int8Array[];
  /** For each image, R×boxDim: the ground-truth box matched to each anchor; zeros without ground truth. */
  readonly gtBoxes: readonly NdArray<Float32Array>[];
}

/** Options of {@link labelAndSampleAnchors}. */
export interface LabelAndSampleAnchorsOptions {
  readonly anchorMatcher: Matcher;
  /** Anchors to sample in each image. */
  readonly batchSizePerImage: number;
  /** Most of them that may be positive, as a fraction. */
  readonly positiveFraction: number;
  /** If 0 or more, anchors that reach further than this out of the image are never sampled. In pixels. */
  readonly anchorBoundaryThresh: number;
  /** Source of randomness; `Math.random` by default. */
  readonly generator?: RandomGenerator;
}

/**
 * Matches anchors with the ground truth of each image and samples those to train on. Mirrors
 * `RPN.label_and_sample_anchors` of detectron2, and that of `RRPN` where boxes are rotated.
 *
 * @param anchors - of each level.
 * @param gtInstances - of each image.
 * @throws BoxKindError of `@detectron-ts/structures` if either anchors or ground truth are rotated.
 */
export function labelAndSampleAnchors(
  anchors: readonly Boxes[],
  gtInstances: readonly Instances<GroundTruthFields>[],
  options: LabelAndSampleAnchorsOptions,
): AnchorTargets {
  const allAnchors = Boxes.cat(anchors);
  const targets = gtInstances.map(({ imageSize, gtBoxes }) => {
    const { matches, matchLabels } = options.anchorMatcher.match(pairwiseIou(gtBoxes, allAnchors));
    dropOutside(matchLabels, allAnchors, imageSize, options.anchorBoundaryThresh);
    return { labels: sampled(matchLabels, options), boxes: gatherMatched(gtBoxes, matches) };
  });
  return {
    gtLabels: targets.map(({ labels }) => labels),
    gtBoxes: targets.map(({ boxes }) => boxes),
  };
}

function dropOutside(
  labels: Int8Array,
  anchors: Boxes,
  imageSize: ImageSize,
  threshold: number,
): void {
  if (threshold < 0) return;
  const inside = anchors.insideBox(imageSize, threshold);
  for (let i = 0; i < labels.length; i++) if (inside[i] === 0) labels[i] = -1;
}

/** Labels in which -1 stands for all that was not drawn. */
function sampled(
  labels: Int8Array,
  { batchSizePerImage, positiveFraction, generator }: LabelAndSampleAnchorsOptions,
): Int8Array {
  const { positive, negative } = subsampleLabels(labels, {
    numSamples: batchSizePerImage,
    positiveFraction,
    backgroundLabel: 0,
    generator,
  });
  const drawn = new Int8Array(labels.length).fill(-1);
  for (const i of positive) drawn[i] = 1;
  for (const i of negative) drawn[i] = 0;
  return drawn;
}

function gatherMatched(gtBoxes: Boxes, matches: Int32Array): NdArray<Float32Array> {
  const shape = [matches.length, gtBoxes.boxDim];
  return gtBoxes.length === 0
    ? ndarray(new Float32Array(gtBoxes.boxDim * matches.length), shape)
    : gtBoxes.select(matches).tensor;
}
