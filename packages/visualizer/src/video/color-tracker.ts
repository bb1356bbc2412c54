import { bboxIou, iou, type Bbox, type Rle } from "@detectron-ts/coco";

import { instanceColor, type Color } from "../colors.ts";

/** An instance of one frame: its class, and the box (x, y, width, height) or else the mask that it is recognised by. */
export interface FrameInstance {
  readonly label: number;
  readonly shape: Bbox | Rle;
}

interface RememberedInstance extends FrameInstance {
  /** Which colour it has, an argument of {@link instanceColor}. */
  readonly colorIndex: number;
  /** For how many frames more it is remembered without being seen. */
  framesLeft: number;
}

/** How long an instance that isn't found keeps its colour, in frames, as in detectron2. */
const FRAMES_TO_REMEMBER = 8;

/** Overlap from which on instances of one class in consecutive frames are the same, as in detectron2. */
const BOX_THRESHOLD = 0.6;
const MASK_THRESHOLD = 0.5;

/**
 * Gives an instance the same colour from frame to frame. Instances of the same class that overlap much are taken for the
 * same; one that isn't found for some frames is remembered. No two instances of a frame have one colour.
 */
export class ColorTracker {
  #remembered: RememberedInstance[] = [];
  readonly #indexById = new Map<number, number>();

  /** The colours of a frame's instances. All frames have to come by boxes, or all by masks of one size. */
  byOverlap(instances: readonly FrameInstance[]): Color[] {
    const before = this.#remembered;
    const overlaps = overlapsOf(before, instances);
    const threshold = instances.some(({ shape }) => "size" in shape)
      ? MASK_THRESHOLD
      : BOX_THRESHOLD;
    const colorIndices: (number | undefined)[] = instances.map(() => undefined);
    const unseen: RememberedInstance[] = [];
    for (const [i, old] of before.entries()) {
      let best = -1;
      let bestOverlap = threshold;
      for (const [j, { label }] of instances.entries()) {
        const overlap = overlaps[i * instances.length + j];
        if (label === old.label && overlap > bestOverlap) [best, bestOverlap] = [j, overlap];
      }
      if (best >= 0 && colorIndices[best] === undefined) colorIndices[best] = old.colorIndex;
      else if (--old.framesLeft > 0) unseen.push(old);
    }
    const used = new Set([...colorIndices, ...unseen.map(({ colorIndex }) => colorIndex)]);
    const seen = instances.map((instance, j) => ({
      ...instance,
      colorIndex: colorIndices[j] ?? takeFree(used),
      framesLeft: FRAMES_TO_REMEMBER,
    }));
    this.#remembered = [...seen, ...unseen];
    return seen.map(({ colorIndex }) => instanceColor(colorIndex));
  }

  /** The colours of a frame's instances that a tracker has numbered; a number's colour is free again once it is gone. */
  byId(ids: readonly number[]): Color[] {
    const present = new Set(ids);
    for (const id of this.#indexById.keys()) {
      if (!present.has(id)) this.#indexById.delete(id);
    }
    const used = new Set<number | undefined>(this.#indexById.values());
    return ids.map((id) => {
      const index = this.#indexById.get(id) ?? takeFree(used);
      this.#indexById.set(id, index);
      return instanceColor(index);
    });
  }
}

/** The least number that isn't used yet, which it marks as used. */
function takeFree(used: Set<number | undefined>): number {
  let index = 0;
  while (used.has(index)) index++;
  used.add(index);
  return index;
}

function overlapsOf(before: readonly FrameInstance[], now: readonly FrameInstance[]): Float64Array {
  const masks = (list: readonly FrameInstance[]): Rle[] =>
    list.flatMap(({ shape }) => ("size" in shape ? [shape] : []));
  const boxes = (list: readonly FrameInstance[]): Bbox[] =>
    list.flatMap(({ shape }) => ("size" in shape ? [] : [shape]));
  const byMask = now.some(({ shape }) => "size" in shape);
  return byMask ? iou(masks(before), masks(now)) : bboxIou(boxes(before), boxes(now));
}
