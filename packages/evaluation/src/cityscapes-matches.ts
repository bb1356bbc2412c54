import { INSTANCES_PER_LABEL, type InstanceIds, labelOf } from "./cityscapes-ground-truth.ts";

/** A predicted object, given by its pixels. */
export interface CityscapesPrediction {
  readonly labelId: number;
  readonly score: number;
  /** A byte for each pixel of the image, not 0 where the object is. */
  readonly mask: Uint8Array;
}

/** An object or a group of the ground truth with what overlaps it. */
export interface MatchedObject {
  readonly instanceId: number;
  readonly pixelCount: number;
  /** Predictions of its label that overlap it, in their order. */
  readonly matches: readonly {
    readonly prediction: MatchedPrediction;
    readonly intersection: number;
  }[];
}

/** A prediction with what it overlaps. */
export interface MatchedPrediction {
  readonly score: number;
  readonly pixelCount: number;
  /** Pixels where nothing is evaluated. */
  readonly voidIntersection: number;
  /** Objects and groups of its label that it overlaps. */
  readonly matches: readonly { readonly object: MatchedObject; readonly intersection: number }[];
}

/** What is of one label in one image. */
export interface LabelMatches {
  readonly objects: readonly MatchedObject[];
  readonly predictions: readonly MatchedPrediction[];
}

type Mutable<Type> = {
  -readonly [Key in keyof Type]: Type[Key] extends readonly (infer Entry)[] ? Entry[] : Type[Key];
};

/**
 * Which predictions of an image overlap which of its objects, by label (cityscapesScripts' `assignGt2Preds`). Predictions
 * without a pixel are left out.
 *
 * @param labelIds - labels whose objects are evaluated.
 * @param voidIds - labels whose pixels count for nothing.
 */
export function matchInstances(
  { ids }: InstanceIds,
  predictions: readonly CityscapesPrediction[],
  labelIds: readonly number[],
  voidIds: ReadonlySet<number>,
): ReadonlyMap<number, LabelMatches> {
  const objectsOf = new Map<number, Mutable<MatchedObject>[]>(labelIds.map((id) => [id, []]));
  const objects = new Map<number, Mutable<MatchedObject>>();
  for (const [instanceId, pixelCount] of [...countValues(ids)].sort(([a], [b]) => a - b)) {
    const object = { instanceId, pixelCount, matches: [] };
    objects.set(instanceId, object);
    objectsOf.get(labelOf(instanceId))?.push(object);
  }
  const predictionsOf = new Map<number, Mutable<MatchedPrediction>[]>(
    labelIds.map((id) => [id, []]),
  );
  for (const { labelId, score, mask } of predictions) {
    const covered = countValues(ids, mask);
    if (covered.size === 0) continue;
    let [pixelCount, voidIntersection] = [0, 0];
    for (const [instanceId, count] of covered) {
      pixelCount += count;
      // Objects of labels that are ignored have ids of their own, which are not void in cityscapesScripts.
      if (voidIds.has(instanceId)) voidIntersection += count;
    }
    const prediction: Mutable<MatchedPrediction> = {
      score,
      pixelCount,
      voidIntersection,
      matches: [],
    };
    for (const object of objectsOf.get(labelId) ?? []) {
      const intersection = covered.get(object.instanceId);
      if (intersection === undefined) continue;
      object.matches.push({ prediction, intersection });
      prediction.matches.push({ object, intersection });
    }
    predictionsOf.get(labelId)?.push(prediction);
  }
  return new Map(
    labelIds.map((id) => [
      id,
      { objects: objectsOf.get(id) ?? [], predictions: predictionsOf.get(id) ?? [] },
    ]),
  );
}

/** Whether an entry of the ground truth is several objects that nobody told apart. */
export function isGroup({ instanceId }: MatchedObject): boolean {
  return instanceId < INSTANCES_PER_LABEL;
}

/** How often each value occurs, where a mask is set. */
function countValues(values: InstanceIds["ids"], mask?: Uint8Array): Map<number, number> {
  const counts = new Map<number, number>();
  // Neighbours mostly have the same value: runs are counted, not pixels.
  let [current, run] = [-1, 0];
  const close = (): void => {
    if (run > 0) counts.set(current, (counts.get(current) ?? 0) + run);
    run = 0;
  };
  for (let i = 0; i < values.length; i++) {
    if (mask?.[i] === 0) continue;
    if (values[i] !== current) {
      close();
      current = values[i];
    }
    run++;
  }
  close();
  return counts;
}
