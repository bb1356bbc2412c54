import { encode } from "@detectron-ts/coco";
import type { DetectionOutput, ProposalOutput } from "@detectron-ts/modeling";
import { rowMajorData } from "@detectron-ts/structures";
import type { NdArray } from "ndarray";

/** The content of the file that `detectron predict --json` writes. */
export interface Predictions {
  /** In the order in which they were done. */
  readonly images: readonly ImagePredictions[];
}

/** What was found in one image. All coordinates are absolute pixels of the image as it is shown, EXIF orientation applied. */
export interface ImagePredictions {
  /** The image's path as it was given. */
  readonly file: string;
  readonly height: number;
  readonly width: number;
  /** In the model's order, by decreasing score: all that pass the config's SCORE_THRESH_TEST. */
  readonly instances: readonly PredictedInstance[];
  /** Of proposal networks only, the likeliest first. */
  readonly proposals?: readonly PredictedProposal[];
}

/** Corners `[x1, y1, x2, y2]` of a box. */
export type BoxCorners = [x1: number, y1: number, x2: number, y2: number];

/** One object. */
export interface PredictedInstance {
  readonly bbox: BoxCorners;
  /** Between 0 and 1. */
  readonly score: number;
  /** The model's index of the class, from 0. */
  readonly classId: number;
  /** The class's name, when it is known. */
  readonly category?: string;
  /** COCO's compressed run-length encoding of the mask, from models that predict masks. */
  readonly segmentation?: {
    /** Height and width. */
    readonly size: [height: number, width: number];
    readonly counts: string;
  };
}

/** One place where an object may be. */
export interface PredictedProposal {
  readonly bbox: BoxCorners;
  readonly objectnessLogit: number;
}

/** What a model yields for an image: instances, or the proposals of a proposal network. */
export type ModelOutput = Partial<DetectionOutput & ProposalOutput>;

/** Puts a model's output into the form of the JSON file. */
export function toImagePredictions(
  file: string,
  image: NdArray<Uint8Array>,
  { instances, proposals }: ModelOutput,
  classNames: readonly string[] | undefined,
): ImagePredictions {
  const [height, width] = image.shape;
  return {
    file,
    height,
    width,
    instances: instances === undefined ? [] : toInstances(instances, classNames),
    ...(proposals !== undefined && { proposals: toProposals(proposals) }),
  };
}

function toInstances(
  instances: DetectionOutput["instances"],
  classNames: readonly string[] | undefined,
): PredictedInstance[] {
  const { predBoxes, scores, predClasses, predMasks } = instances.fields();
  const [height, width] = instances.imageSize;
  const masks = predMasks && rowMajorData(predMasks);
  return [...predBoxes].map((box, i) => {
    const classId = predClasses.get(i);
    const category = classNames?.[classId];
    const mask = masks?.subarray(i * height * width, (i + 1) * height * width);
    return {
      bbox: toCorners(box),
      score: scores.get(i),
      classId,
      ...(category !== undefined && { category }),
      ...(mask !== undefined && { segmentation: toSegmentation(mask, height, width) }),
    };
  });
}

function toProposals(proposals: ProposalOutput["proposals"]): PredictedProposal[] {
  const { proposalBoxes, objectnessLogits } = proposals.fields();
  return [...proposalBoxes].map((box, i) => ({
    bbox: toCorners(box),
    objectnessLogit: objectnessLogits.get(i),
  }));
}

function toSegmentation(
  mask: Uint8Array,
  height: number,
  width: number,
): PredictedInstance["segmentation"] {
  const { counts } = encode(mask, [height, width]);
  return { size: [height, width], counts };
}

function toCorners([x1, y1, x2, y2]: ArrayLike<number> & Iterable<number>): BoxCorners {
  return [x1, y1, x2, y2];
}
