import { type Instances, rowMajorData, UnknownFieldError } from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

/** What is known of one segment of a panoptic segmentation. */
export interface SegmentInfo {
  /** What the segment's pixels have. From 1 on, in the order of the list. */
  readonly id: number;
  /** Whether it is one thing that can be counted, or all of some stuff. */
  readonly isThing: boolean;
  /** Among the classes of things, or among those of the semantic segmentation. */
  readonly categoryId: number;
  /** Of a thing. */
  readonly score?: number;
  /** Of a thing: its row in the instances. */
  readonly instanceId?: number;
  /** Of stuff: its pixels. */
  readonly area?: number;
}

/** Every pixel in one segment at most. */
export interface PanopticSegmentation {
  /** Height × width: the id of the segment that each pixel belongs to, 0 for none. */
  readonly panopticSeg: NdArray<Int32Array>;
  readonly segmentsInfo: SegmentInfo[];
}

/** What is read of instances: masks are bitmaps of the image, N×height×width, 1 where the object is and else 0. */
export interface CombinedFields {
  readonly scores: NdArray<Float32Array>;
  readonly predClasses: NdArray<Int32Array>;
  readonly predMasks?: NdArray<Uint8Array>;
}

/** What becomes a segment. */
export interface CombineOptions {
  /** Share of an instance's mask that better ones may have taken; with more it is left out. */
  readonly overlapThreshold: number;
  /** Least pixels of stuff. */
  readonly stuffAreaThreshold: number;
  /** Least score of an instance. */
  readonly instancesScoreThreshold: number;
}

/**
 * Puts instances on top of a semantic segmentation, the surest first: each gets the pixels of its mask that are still free,
 * unless better ones have taken too large a share. What is left goes to stuff, by class. Mirrors
 * `combine_semantic_and_instance_outputs` of `detectron2.modeling.meta_arch.panoptic_fpn`.
 *
 * @param semanticLabels - height × width; 0 stands for all things together, and makes no segment.
 * @returns things by decreasing score, then stuff by increasing label.
 * @throws UnknownFieldError of `@detectron-ts/structures` for instances without masks.
 */
export function combineSemanticAndInstanceOutputs<Fields extends CombinedFields>(
  instances: Instances<Fields>,
  semanticLabels: NdArray<Int32Array>,
  { overlapThreshold, stuffAreaThreshold, instancesScoreThreshold }: CombineOptions,
): PanopticSegmentation {
  const labels = rowMajorData(semanticLabels);
  const panopticSeg = new Int32Array(labels.length);
  const segmentsInfo: SegmentInfo[] = [];

  const { scores, predClasses, predMasks } = instances.fields();
  if (predMasks === undefined) {
    throw new UnknownFieldError("predMasks", Object.keys(instances.fields()));
  }
  const masks = rowMajorData(predMasks);
  for (const instanceId of byDecreasingScore(scores)) {
    const score = scores.get(instanceId);
    if (score < instancesScoreThreshold) break;
    const [mask, taken] = fromFirstToLast(masks, instanceId * labels.length, panopticSeg);
    const [area, overlap] = countPixels(mask, taken);
    if (area === 0 || overlap / area > overlapThreshold) continue;
    const id = segmentsInfo.length + 1;
    for (let pixel = 0; pixel < mask.length; pixel++) {
      if (mask[pixel] !== 0 && taken[pixel] === 0) taken[pixel] = id;
    }
    const categoryId = predClasses.get(instanceId);
    segmentsInfo.push({ id, isThing: true, categoryId, score, instanceId });
  }

  const idOfLabel = new Map<number, number>();
  for (const [label, area] of freeAreas(labels, panopticSeg)) {
    if (area < stuffAreaThreshold) continue;
    const id = segmentsInfo.length + 1;
    idOfLabel.set(label, id);
    segmentsInfo.push({ id, isThing: false, categoryId: label, area });
  }
  for (let pixel = 0; pixel < labels.length; pixel++) {
    if (panopticSeg[pixel] === 0) panopticSeg[pixel] = idOfLabel.get(labels[pixel]) ?? 0;
  }
  return { panopticSeg: ndarray(panopticSeg, [...semanticLabels.shape]), segmentsInfo };
}

function byDecreasingScore(scores: NdArray<Float32Array>): number[] {
  const rows = Array.from({ length: scores.shape[0] }, (_, row) => row);
  return rows.sort((a, b) => scores.get(b) - scores.get(a));
}

/**
 * A mask from its first pixel to its last, and the same part of an image: most masks are small, and searching bytes is many
 * times faster than looking at each.
 *
 * @param start - of the mask among the masks of all instances.
 */
function fromFirstToLast(
  masks: Uint8Array,
  start: number,
  image: Int32Array,
): [mask: Uint8Array, part: Int32Array] {
  const mask = masks.subarray(start, start + image.length);
  const first = Math.max(mask.indexOf(1), 0);
  const end = mask.lastIndexOf(1) + 1;
  return [mask.subarray(first, end), image.subarray(first, end)];
}

/** Pixels of a mask, and how many of them have been taken. */
function countPixels(mask: Uint8Array, taken: Int32Array): [area: number, overlap: number] {
  let area = 0;
  let overlap = 0;
  for (let pixel = 0; pixel < mask.length; pixel++) {
    if (mask[pixel] === 0) continue;
    area++;
    if (taken[pixel] !== 0) overlap++;
  }
  return [area, overlap];
}

/** How many free pixels each label has that occurs, that of things left out; by increasing label. */
function freeAreas(labels: Int32Array, taken: Int32Array): [label: number, area: number][] {
  const areas = new Map<number, number>();
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = labels[pixel];
    if (label === 0) continue;
    areas.set(label, (areas.get(label) ?? 0) + (taken[pixel] === 0 ? 1 : 0));
  }
  return [...areas].sort(([a], [b]) => a - b);
}
