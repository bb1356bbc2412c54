import { Boxes, BoxMode, Instances, type ImageSize } from "@detectron-ts/structures";
import type { Transform } from "@detectron-ts/transforms";
import ndarray, { type NdArray } from "ndarray";

import type { DatasetDict } from "../dataset-dict.ts";

/** Proposals of one image, the likeliest first. */
export interface MappedProposalFields {
  /** In pixels of the network's input. */
  readonly proposalBoxes: Boxes;
  /** Logit of there being an object, one number for each box. */
  readonly objectnessLogits: NdArray<Float32Array>;
}

/** Options of {@link transformProposals}. */
export interface TransformProposalsOptions {
  /** How many to keep. */
  readonly proposalTopk: number;
  /** Boxes with a side of at most this many pixels are left out; 0 by default. */
  readonly minBoxSize?: number;
}

/**
 * Moves precomputed proposals along with their image, clips them to it, and keeps the first of those that are not empty then.
 * Mirrors detectron2's `transform_proposals`.
 *
 * @param imageSize - of the transformed image.
 * @returns Undefined for an image without precomputed proposals.
 */
export function transformProposals(
  {
    proposalBoxes,
    proposalObjectnessLogits,
    proposalBboxMode = BoxMode.XYXY_ABS,
  }: Pick<DatasetDict, "proposalBoxes" | "proposalObjectnessLogits" | "proposalBboxMode">,
  transforms: Transform,
  imageSize: ImageSize,
  { proposalTopk, minBoxSize = 0 }: TransformProposalsOptions,
): Instances<MappedProposalFields> | undefined {
  if (!proposalBoxes || !proposalObjectnessLogits) return undefined;
  const given = ndarray(proposalBoxes, [proposalBoxes.length / 4, 4]);
  const moved = transforms.applyBox(BoxMode.convert(given, proposalBboxMode, BoxMode.XYXY_ABS));
  // A copy even where nothing has moved: clipping works in place.
  const boxes = new Boxes(Float32Array.from(moved.data));
  boxes.clip(imageSize);
  const kept = boxes.nonempty(minBoxSize);
  const rows = Int32Array.from(kept.keys())
    .filter((row) => kept[row] !== 0)
    .slice(0, proposalTopk);
  const logits = Float32Array.from(rows, (row) => proposalObjectnessLogits[row]);
  return new Instances<MappedProposalFields>(imageSize, {
    proposalBoxes: boxes.select(rows),
    objectnessLogits: ndarray(logits, [rows.length]),
  });
}
