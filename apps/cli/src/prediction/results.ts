import { encode } from "@detectron-ts/coco";
import type { DetectionOutput, PanopticOutput, ProposalOutput } from "@detectron-ts/modeling";
import { rowMajorData } from "@detectron-ts/structures";
import type { NdArray } from "ndarray";

import type { ModelMetadata } from "./model-metadata.ts";

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
  /** Of models for semantic segmentation only: the classes that pixels show, those of most pixels first. */
  readonly regions?: readonly PredictedRegion[];
  /** Of panoptic models only: each pixel is in one segment at most. */
  readonly segments?: readonly PredictedSegment[];
}

/** Corners `[x1, y1, x2, y2]` of a box, or `[x, y, width, height, angle]` of a rotated one: its centre, sides, degrees. */
export type BoxNumbers = number[];

/** COCO's compressed run-length encoding of a mask. */
export interface Segmentation {
  /** Height and width. */
  readonly size: [height: number, width: number];
  readonly counts: string;
}

/** A class: the model's index, from 0, and its name, when it is known. */
export interface PredictedClass {
  readonly classId: number;
  readonly category?: string;
}

/** One object. */
export interface PredictedInstance extends PredictedClass {
  readonly bbox: BoxNumbers;
  /** Between 0 and 1. */
  readonly score: number;
  /** From models that predict masks. */
  readonly segmentation?: Segmentation;
  /** From models that predict keypoints: `[x, y, score]` of each. */
  readonly keypoints?: readonly (readonly [x: number, y: number, score: number])[];
}

/** One place where an object may be. */
export interface PredictedProposal {
  readonly bbox: BoxNumbers;
  readonly objectnessLogit: number;
}

/** The pixels of one class. */
export interface PredictedRegion extends PredictedClass {
  /** In pixels. */
  readonly area: number;
  readonly segmentation: Segmentation;
}

/** A segment of a panoptic map. `classId` counts among things or among stuff, as `isThing` says. */
export interface PredictedSegment extends PredictedRegion {
  readonly isThing: boolean;
  /** Of things only. */
  readonly score?: number;
}

/** What a model yields for an image; which parts of it depends on the model. */
export type ModelOutput = Partial<PanopticOutput & ProposalOutput>;

/** Puts a model's output into the form of the JSON file. */
export async function toImagePredictions(
  file: string,
  image: NdArray<Uint8Array>,
  { instances, proposals, semSeg, panopticSeg }: ModelOutput,
  metadata: ModelMetadata,
): Promise<ImagePredictions> {
  const [height, width] = image.shape;
  return {
    file,
    height,
    width,
    instances: instances === undefined ? [] : toInstances(instances, metadata),
    ...(proposals !== undefined && { proposals: toProposals(proposals) }),
    ...(semSeg !== undefined && { regions: toRegions(await semSeg.argmax(), metadata) }),
    ...(panopticSeg !== undefined && { segments: toSegments(panopticSeg, metadata) }),
  };
}

function toInstances(
  instances: DetectionOutput["instances"],
  { thingClasses }: ModelMetadata,
): PredictedInstance[] {
  const { predBoxes, scores, predClasses, predMasks, predKeypoints } = instances.fields();
  const size = instances.imageSize;
  const [height, width] = size;
  const masks = predMasks && rowMajorData(predMasks);
  return [...predBoxes].map((box, i) => {
    const mask = masks?.subarray(i * height * width, (i + 1) * height * width);
    return {
      bbox: Array.from(box),
      score: scores.get(i),
      ...toClass(predClasses.get(i), thingClasses),
      ...(mask !== undefined && { segmentation: toSegmentation(mask, size) }),
      ...(predKeypoints !== undefined && { keypoints: toKeypoints(predKeypoints, i) }),
    };
  });
}

function toKeypoints(
  keypoints: NdArray<Float32Array>,
  instance: number,
): [x: number, y: number, score: number][] {
  const [, count] = keypoints.shape;
  return Array.from({ length: count }, (_, k) => [
    keypoints.get(instance, k, 0),
    keypoints.get(instance, k, 1),
    keypoints.get(instance, k, 2),
  ]);
}

function toProposals(proposals: ProposalOutput["proposals"]): PredictedProposal[] {
  const { proposalBoxes, objectnessLogits } = proposals.fields();
  return [...proposalBoxes].map((box, i) => ({
    bbox: Array.from(box),
    objectnessLogit: objectnessLogits.get(i),
  }));
}

function toRegions(
  labels: NdArray<Int32Array>,
  { stuffClasses }: ModelMetadata,
): PredictedRegion[] {
  const data = rowMajorData(labels);
  return [...areas(data)]
    .sort(([, a], [, b]) => b - a)
    .map(([label, area]) => ({
      ...toClass(label, stuffClasses),
      area,
      segmentation: toSegmentation(maskOf(data, label), labels.shape),
    }));
}

function toSegments(
  { panopticSeg, segmentsInfo }: PanopticOutput["panopticSeg"],
  { thingClasses, stuffClasses }: ModelMetadata,
): PredictedSegment[] {
  const data = rowMajorData(panopticSeg);
  const areaOf = areas(data);
  return segmentsInfo.map(({ id, isThing, categoryId, score }) => ({
    isThing,
    ...toClass(categoryId, isThing ? thingClasses : stuffClasses),
    ...(score !== undefined && { score }),
    area: areaOf.get(id) ?? 0,
    segmentation: toSegmentation(maskOf(data, id), panopticSeg.shape),
  }));
}

/** Pixels of each label. */
function areas(labels: Int32Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

function maskOf(labels: Int32Array, wanted: number): Uint8Array {
  return Uint8Array.from(labels, (label) => (label === wanted ? 1 : 0));
}

function toClass(classId: number, names: readonly string[] | undefined): PredictedClass {
  const category = names?.[classId];
  return { classId, ...(category !== undefined && { category }) };
}

function toSegmentation(mask: Uint8Array, [height, width]: readonly number[]): Segmentation {
  const { counts } = encode(mask, [height, width]);
  return { size: [height, width], counts };
}
