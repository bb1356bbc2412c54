import {
  type BitMasks,
  type Boxes,
  type Instances,
  isNdArray,
  rowMajorData,
} from "@detectron-ts/structures";
import type { NdArray } from "ndarray";

/** What evaluators read of an entry of a dataset: how the ground truth calls the image. */
export interface EvaluationInput {
  readonly imageId: number | string;
}

/** What evaluators read of a model's instances, in pixels of the image file. */
export interface PredictionFields {
  readonly predBoxes: Boxes;
  readonly scores: NdArray<Float32Array> | Float32Array;
  /** Positions among the dataset's classes. */
  readonly predClasses: NdArray<Int32Array> | Int32Array;
  /** N×height×width, 1 where the object is. */
  readonly predMasks?: NdArray<Uint8Array> | BitMasks;
  /** N×K×3: x, y and score. */
  readonly predKeypoints?: NdArray<Float32Array>;
}

/** A detector's answer to one input. */
export interface DetectionOutput {
  readonly instances: Instances<PredictionFields>;
}

/** What evaluators read of a model's proposals, in pixels of the image file. */
export interface ProposalFields {
  readonly proposalBoxes: Boxes;
  readonly objectnessLogits: NdArray<Float32Array> | Float32Array;
}

/** A proposal network's answer to one input. */
export interface ProposalOutput {
  readonly proposals: Instances<ProposalFields>;
}

/** What evaluators read of a semantic segmentation, in pixels of the image file. */
export interface SemSegPrediction {
  /** The likeliest class of each pixel, height × width. */
  argmax(): Promise<NdArray<Int32Array>>;
}

/** A semantic segmentation's answer to one input. */
export interface SemSegOutput {
  readonly semSeg: SemSegPrediction;
}

/** The numbers of a flat or n-dimensional array, in row-major order. */
export function flat<Data extends Float32Array | Int32Array | Uint8Array>(
  values: NdArray<Data> | Data,
): Data {
  return isNdArray(values) ? rowMajorData(values) : values;
}
