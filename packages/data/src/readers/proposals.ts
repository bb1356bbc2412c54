import { BoxMode } from "@detectron-ts/structures";

import type { DatasetDict } from "../dataset-dict.ts";
import { DatasetFileError } from "../errors.ts";

/** Proposals computed beforehand, as detectron2 keeps them in a pickled dict of these keys. */
export interface ProposalFile {
  /** The image of each entry of {@link boxes}; in files of Detectron they are called `indexes`. */
  readonly ids: readonly (number | string)[];
  /** Four numbers for each proposal of an image. */
  readonly boxes: readonly (Float32Array | Float64Array)[];
  /** One number for each proposal of an image, the greater the likelier; in files of Detectron they are called `scores`. */
  readonly objectnessLogits: readonly (Float32Array | Float64Array)[];
  /** How to read the boxes, `BoxMode.XYXY_ABS` by default. */
  readonly bboxMode?: BoxMode;
}

/** Reads a file of proposals, whatever its format. */
export type ProposalReader = (file: string) => ProposalFile | Promise<ProposalFile>;

/**
 * The images with their proposals, the likeliest first. Images of the file that the dataset does not have are ignored. Mirrors
 * detectron2's `load_proposals_into_dataset`.
 *
 * @param file - name of the file, for messages.
 * @throws DatasetFileError when an image has no entry, or one whose numbers are not finite or not as many as they should be.
 */
export function loadProposalsIntoDataset(
  dicts: readonly DatasetDict[],
  { ids, boxes, objectnessLogits, bboxMode = BoxMode.XYXY_ABS }: ProposalFile,
  file: string,
): DatasetDict[] {
  if (boxes.length !== ids.length || objectnessLogits.length !== ids.length) {
    throw new DatasetFileError(
      file,
      `has proposals for ${ids.length} images, but boxes for ${boxes.length} and logits for ${objectnessLogits.length}`,
    );
  }
  // Ids are numbers in one place and text in another.
  const indices = new Map(ids.map((id, index) => [String(id), index]));
  return dicts.map((dict) => {
    const index = indices.get(String(dict.imageId));
    if (index === undefined) {
      throw new DatasetFileError(file, `has no proposals for image ${dict.imageId}`);
    }
    checkProposals(file, dict.imageId, boxes[index], objectnessLogits[index]);
    return {
      ...dict,
      ...sortedProposals(boxes[index], objectnessLogits[index]),
      proposalBboxMode: bboxMode,
    };
  });
}

function checkProposals(
  file: string,
  imageId: number | string,
  boxes: Float32Array | Float64Array,
  logits: Float32Array | Float64Array,
): void {
  if (boxes.length !== 4 * logits.length) {
    throw new DatasetFileError(
      file,
      `image ${imageId} has ${boxes.length} coordinates of boxes for ${logits.length} logits, wanted four for each`,
    );
  }
  const box = boxes.findIndex((coordinate) => !Number.isFinite(coordinate));
  if (box >= 0) {
    const proposal = Math.trunc(box / 4);
    const numbers = [...boxes.subarray(4 * proposal, 4 * proposal + 4)].join(", ");
    throw new DatasetFileError(file, `image ${imageId} has proposal ${proposal} at [${numbers}]`);
  }
  const logit = logits.findIndex((value) => Number.isNaN(value));
  if (logit >= 0) {
    throw new DatasetFileError(file, `image ${imageId} has proposal ${logit} with logit NaN`);
  }
}

/** Copies, so that none holds on to the memory of the whole file. Of equal logits the later comes first, as in detectron2. */
function sortedProposals(
  boxes: Float32Array | Float64Array,
  logits: Float32Array | Float64Array,
): Required<Pick<DatasetDict, "proposalBoxes" | "proposalObjectnessLogits">> {
  const order = Array.from(logits, (_, i) => i).sort((a, b) => logits[b] - logits[a] || b - a);
  const sorted = boxes.slice();
  order.forEach((from, to) => sorted.set(boxes.subarray(4 * from, 4 * from + 4), 4 * to));
  return {
    proposalBoxes: sorted,
    proposalObjectnessLogits: Float32Array.from(order, (from) => logits[from]),
  };
}
