import type { NdArray } from "ndarray";

import type { Color } from "./colors.ts";
import { DrawingShapeError } from "./errors.ts";

/**
 * Keypoints of N instances, each x, y in absolute pixels and visibility or score: an N×K×3 array, `Keypoints` of
 * `@detectron-ts/structures`, or lists of flat triples, empty for an instance without keypoints.
 */
export type KeypointList =
  | NdArray<Float32Array>
  | { readonly tensor: NdArray<Float32Array> }
  | readonly (readonly number[])[];

/** How keypoints belong together. */
export interface KeypointMetadata {
  /** Names in the order of the keypoints. */
  readonly keypointNames?: readonly string[];
  /** Pairs of names to draw a line between, and the line's colour. */
  readonly keypointConnectionRules?: readonly (readonly [string, string, Color])[];
}

/** A keypoint that is drawn. */
export interface KeypointPlace {
  readonly x: number;
  readonly y: number;
}

/** A line between keypoints. */
export interface KeypointLine {
  readonly from: KeypointPlace;
  readonly to: KeypointPlace;
  readonly color: Color;
}

/** What is drawn of one instance's keypoints. */
export interface Skeleton {
  readonly places: readonly KeypointPlace[];
  readonly lines: readonly KeypointLine[];
}

/** Keypoints with a visibility or score up to this are not drawn, as in detectron2. */
const KEYPOINT_THRESHOLD = 0.05;

/** Colour of the lines that no rule gives: from the middle of the shoulders to the nose and to the middle of the hips. */
const BODY_COLOR: Color = [255, 0, 0];

/** @throws DrawingShapeError when keypoints are not triples. */
export function toSkeletons(list: KeypointList, metadata: KeypointMetadata): Skeleton[] {
  return toTriples(list).map((triples) => toSkeleton(triples, metadata));
}

function toTriples(list: KeypointList): number[][] {
  if ("tensor" in list) return toTriples(list.tensor);
  if (!("stride" in list)) {
    return list.map((triples) => {
      if (triples.length % 3 !== 0) {
        throw new DrawingShapeError("keypoints", [triples.length], "three numbers for each");
      }
      return [...triples];
    });
  }
  const [instances, count, numbers] = list.shape;
  if (list.dimension !== 3 || numbers !== 3) {
    throw new DrawingShapeError("keypoints", list.shape, "N×K×3");
  }
  return Array.from({ length: instances }, (_, n) =>
    Array.from({ length: 3 * count }, (__, i) => list.get(n, Math.trunc(i / 3), i % 3)),
  );
}

function toSkeleton(
  triples: readonly number[],
  { keypointNames = [], keypointConnectionRules = [] }: KeypointMetadata,
): Skeleton {
  const places: KeypointPlace[] = [];
  const named = new Map<string, KeypointPlace>();
  for (let k = 0; 3 * k < triples.length; k++) {
    const [x, y, visibility] = triples.slice(3 * k, 3 * k + 3);
    if (!(visibility > KEYPOINT_THRESHOLD)) continue;
    places.push({ x, y });
    if (keypointNames[k] !== undefined) named.set(keypointNames[k], { x, y });
  }
  const line = (
    from: KeypointPlace | undefined,
    to: KeypointPlace | undefined,
    color: Color,
  ): KeypointLine[] => (from && to ? [{ from, to, color }] : []);
  const shoulders = middle(named.get("left_shoulder"), named.get("right_shoulder"));
  const hips = middle(named.get("left_hip"), named.get("right_hip"));
  return {
    places,
    lines: [
      ...keypointConnectionRules.flatMap(([from, to, color]) =>
        line(named.get(from), named.get(to), color),
      ),
      ...line(shoulders, named.get("nose"), BODY_COLOR),
      ...line(shoulders, hips, BODY_COLOR),
    ],
  };
}

function middle(
  a: KeypointPlace | undefined,
  b: KeypointPlace | undefined,
): KeypointPlace | undefined {
  return a && b && { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
