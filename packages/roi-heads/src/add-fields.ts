import { Instances } from "@detectron-ts/structures";

import type { AnyFields } from "./fields.ts";

/** Copies of instances with more fields, given for each image; those that are undefined are left out. */
export function addFields<Fields extends object, Added extends object>(
  instances: readonly Instances<Fields>[],
  added: readonly Added[],
): Instances<Fields & Added>[] {
  return instances.map((image, i) => {
    const fields: AnyFields = Object.assign({}, image.fields(), added[i]);
    // Exactly those two sets of fields.
    return new Instances(image.imageSize, fields) as unknown as Instances<Fields & Added>;
  });
}
