import { Instances } from "@detectron-ts/structures";
import type { NdArray } from "ndarray";

import type { AnyFields, MaskFields } from "../fields.ts";

/** Copies of instances with `predMasks`, one array of masks for each image. */
export function addMasks<Fields extends object>(
  instances: readonly Instances<Fields>[],
  masks: readonly NdArray<Float32Array>[],
): Instances<Fields & MaskFields>[] {
  return instances.map((image, i) => {
    const fields: AnyFields = { ...image.fields(), predMasks: masks[i] };
    // The fields are those of the argument, and masks.
    return new Instances(image.imageSize, fields) as unknown as Instances<Fields & MaskFields>;
  });
}
