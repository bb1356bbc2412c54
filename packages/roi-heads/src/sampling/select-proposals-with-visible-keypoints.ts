import { getEventStorage, hasEventStorage } from "@detectron-ts/events";
import type { Instances } from "@detectron-ts/structures";

import { MissingGroundTruthError } from "../errors.ts";
import type { LabeledProposalFields } from "../fields.ts";

/**
 * The proposals in which a keypoint can be learned: those with a labelled keypoint inside of their box, its sides
 * included. Mirrors `detectron2.modeling.roi_heads.roi_heads.select_proposals_with_visible_keypoints`.
 *
 * The event storage gets `keypoint_head/num_fg_samples`, how many there are on average in the images that have proposals;
 * nothing where none has.
 *
 * @param proposals - foreground proposals of each image.
 * @throws {@link MissingGroundTruthError} for proposals without `gtKeypoints`.
 */
export function selectProposalsWithVisibleKeypoints<Fields extends LabeledProposalFields>(
  proposals: readonly Instances<Fields>[],
): Instances<Fields>[] {
  const counts: number[] = [];
  const selected = proposals.map((image) => {
    if (image.length === 0) return image;
    const withKeypoints = image.select(rowsWithVisibleKeypoints(image));
    counts.push(withKeypoints.length);
    return withKeypoints;
  });
  if (hasEventStorage() && counts.length > 0) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    getEventStorage().putScalar("keypoint_head/num_fg_samples", total / counts.length);
  }
  return selected;
}

function rowsWithVisibleKeypoints({
  gtKeypoints,
  proposalBoxes,
}: LabeledProposalFields): Int32Array {
  if (gtKeypoints === undefined) throw new MissingGroundTruthError("gtKeypoints");
  const { data, shape } = gtKeypoints.tensor;
  const [numRows, numKeypoints] = shape;
  const isVisibleIn = (row: number, keypoint: number): boolean => {
    const [x0, y0, x1, y1] = proposalBoxes.data.subarray(4 * row, 4 * row + 4);
    const start = 3 * (row * numKeypoints + keypoint);
    const [x, y, visibility] = data.subarray(start, start + 3);
    return visibility >= 1 && x >= x0 && x <= x1 && y >= y0 && y <= y1;
  };
  const rows: number[] = [];
  for (let row = 0; row < numRows; row++) {
    for (let keypoint = 0; keypoint < numKeypoints; keypoint++) {
      if (!isVisibleIn(row, keypoint)) continue;
      rows.push(row);
      break;
    }
  }
  return Int32Array.from(rows);
}
