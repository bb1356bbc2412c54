import { rowMajorData } from "@detectron-ts/structures";
import type { NdArray } from "ndarray";

import { MaskSizeError, MissingGroundTruthError, MissingPredictionError } from "./errors.ts";

/** A label of Cityscapes, as far as evaluation goes. */
export interface CityscapesEvaluationLabel {
  readonly name: string;
  /** Negative for what is in no image. */
  readonly id: number;
  /** Position among the classes of a semantic segmentation, for labels that are evaluated. */
  readonly trainId: number;
  /** The group that it belongs to. */
  readonly category: string;
  /** Whether its objects are told apart. */
  readonly hasInstances: boolean;
  /** Whether pixels of it count for nothing. */
  readonly ignoreInEval: boolean;
}

/**
 * Reads the `gtFine_instanceIds.png` of an image, height × width: pixels of an object have its label's id times 1000 plus its
 * number, all others the label's id.
 */
export type InstanceIdsReader = () => Promise<NdArray<Uint8Array | Uint16Array | Int32Array>>;

/** The ground truth of each image, read when its prediction comes. */
export type CityscapesGroundTruth = ReadonlyMap<number | string, InstanceIdsReader>;

/** From here on pixels are of objects. */
export const INSTANCES_PER_LABEL = 1000;

/** The label of a pixel. */
export function labelOf(instanceId: number): number {
  return instanceId < INSTANCES_PER_LABEL
    ? instanceId
    : Math.trunc(instanceId / INSTANCES_PER_LABEL);
}

/** Ids of an image's pixels, row by row. */
export interface InstanceIds {
  readonly ids: Uint8Array | Uint16Array | Int32Array;
  readonly height: number;
  readonly width: number;
}

/** @throws {@link MissingGroundTruthError} for an image that is not in the set. */
export async function readInstanceIds(
  groundTruth: CityscapesGroundTruth,
  imageId: number | string,
): Promise<InstanceIds> {
  const read = groundTruth.get(imageId);
  if (!read) throw new MissingGroundTruthError(imageId);
  const image = await read();
  const [height, width] = image.shape;
  return { ids: rowMajorData(image), height, width };
}

/** @throws {@link MaskSizeError} when a prediction has another size than the ground truth. */
export function checkSize(
  imageId: number | string,
  got: readonly [height: number, width: number],
  { height, width }: InstanceIds,
): void {
  if (got[0] !== height || got[1] !== width) {
    throw new MaskSizeError(imageId, got, [height, width]);
  }
}

/** @throws {@link MissingPredictionError} when an image of the set was not among those processed. */
export function checkComplete(
  groundTruth: CityscapesGroundTruth,
  processed: { readonly has: (imageId: number | string) => boolean },
): void {
  for (const imageId of groundTruth.keys()) {
    if (!processed.has(imageId)) throw new MissingPredictionError(imageId);
  }
}
