import type { ShapeSpec } from "@detectron-ts/layers";
import type { Tensor } from "@detectron-ts/tensor";

import { InputShapeError } from "./errors.ts";
import type { Features } from "./fields.ts";

/** Shapes of feature maps by name: a backbone's `outputShape`. */
export type FeatureShapes = Readonly<Record<string, ShapeSpec>>;

/** What a pooler is told about the feature maps it reads. */
export interface PooledShape {
  /** Channels, the same in all maps. */
  readonly channels: number;
  /** Cells per pixel of the network's input, for each map. */
  readonly scales: readonly number[];
}

/**
 * Channels and scales of the named feature maps.
 *
 * @throws {@link InputShapeError} if one is missing, or they differ in channels.
 */
export function pooledShape(inputShape: FeatureShapes, inFeatures: readonly string[]): PooledShape {
  const specs = inFeatures.map((name) => {
    const spec = inputShape[name];
    if (spec === undefined) {
      throw new InputShapeError(name, `not among ${Object.keys(inputShape).join(", ")}`);
    }
    if (spec.stride === undefined) throw new InputShapeError(name, "its stride is not known");
    return { name, stride: spec.stride, channels: requireChannels(spec, name) };
  });
  const channels = specs[0]?.channels ?? 0;
  const other = specs.find((spec) => spec.channels !== channels);
  if (other) {
    throw new InputShapeError(other.name, `has ${other.channels} channels, the first ${channels}`);
  }
  return { channels, scales: specs.map(({ stride }) => 1 / stride) };
}

/** @throws {@link InputShapeError} if the number of channels is not known. */
export function requireChannels({ channels }: ShapeSpec, name = "input"): number {
  if (channels === undefined) {
    throw new InputShapeError(name, "its number of channels is not known");
  }
  return channels;
}

/** Number of elements of one region's features; a side that is not known counts as 1. */
export function flatSize(shape: ShapeSpec): number {
  return requireChannels(shape) * (shape.height ?? 1) * (shape.width ?? 1);
}

/**
 * The named feature maps, in order.
 *
 * @throws {@link InputShapeError} if one is missing.
 */
export function pickFeatures(features: Features, names: readonly string[]): Tensor[] {
  return names.map((name) => {
    const feature = features[name];
    if (feature === undefined) {
      throw new InputShapeError(name, `not among ${Object.keys(features).join(", ")}`);
    }
    return feature;
  });
}
