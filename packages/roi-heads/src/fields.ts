import type { Boxes, FieldValue, Keypoints } from "@detectron-ts/structures";
import type { Tensor } from "@detectron-ts/tensor";
import type { NdArray } from "ndarray";

/** Feature maps by name, each N×C×H×W, as a backbone gives them. */
export type Features = Readonly<Record<string, Tensor>>;

/** Losses by detectron2's names, each a lazy scalar. */
export type Losses = Record<string, Tensor>;

/** A class index for each instance. */
export type ClassIndices = NdArray<Int32Array> | Int32Array;

/** A region of an image to look at: what the heads need of a proposal. */
export interface RegionFields {
  /** In pixels of the network's input. */
  readonly proposalBoxes: Boxes;
}

/** Masks of the ground truth: `PolygonMasks` or `BitMasks` of `@detectron-ts/structures`. */
export interface GroundTruthMasks {
  readonly length: number;
  select(rows: Int32Array): GroundTruthMasks;
  concat(others: readonly GroundTruthMasks[]): GroundTruthMasks;
  /** Each mask cut out by its box and resized to a square: N×maskSize×maskSize of 0 and 1. */
  cropAndResize(boxes: Boxes, maskSize: number): NdArray<Uint8Array>;
}

/** Ground truth of one image. Fields whose name starts with `gt` are handed on to the proposals that match. */
export interface TargetFields {
  /** In pixels of the network's input. */
  readonly gtBoxes: Boxes;
  /** In `[0, numClasses)`. */
  readonly gtClasses: ClassIndices;
  readonly gtMasks?: GroundTruthMasks;
  /** In pixels of the network's input. */
  readonly gtKeypoints?: Keypoints;
}

/** A proposal with the ground truth it was matched with. */
export interface LabeledProposalFields extends RegionFields {
  /** In `[0, numClasses]`; `numClasses` is background, -1 is ignored. */
  readonly gtClasses: ClassIndices;
  /** Absent where the image has no ground truth. Meaningless for background. */
  readonly gtBoxes?: Boxes;
  readonly gtMasks?: GroundTruthMasks;
  readonly gtKeypoints?: Keypoints;
}

/** Boxes whose classes are known: what the later heads (masks, keypoints) look at. */
export interface GivenBoxFields {
  /** In pixels of the network's input. */
  readonly predBoxes: Boxes;
  readonly predClasses: NdArray<Int32Array>;
}

/** What a mask head adds. */
export interface MaskFields {
  /** N×1×M×M: probability that a cell of the square over the box belongs to the object. */
  readonly predMasks?: NdArray<Float32Array>;
}

/** What a keypoint head adds. */
export interface KeypointFields {
  /** N×K×3: x and y in pixels of the network's input, and a score above 0. */
  readonly predKeypoints?: NdArray<Float32Array>;
  /** N×K×S×S: the logits that the keypoints were read from, in a square over the box. */
  readonly predKeypointHeatmaps?: NdArray<Float32Array>;
}

/** What the later heads add to boxes. */
export interface LaterFields extends MaskFields, KeypointFields {}

/** What the heads find in one image, by decreasing score. */
export interface DetectionFields extends GivenBoxFields, LaterFields {
  /** Probability of the predicted class. */
  readonly scores: NdArray<Float32Array>;
}

/** Fields with any names, as `Instances` allows them. */
export type AnyFields = Readonly<Record<string, FieldValue | undefined>>;
