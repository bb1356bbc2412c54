import type { Instances } from "@detectron-ts/structures";

import type { LabeledProposalFields } from "../fields.ts";
import { flatClasses } from "./classes.ts";

/** What {@link selectForegroundProposals} picks. */
export interface ForegroundProposals<Fields extends object> {
  /** For each image, its proposals of foreground classes. */
  readonly proposals: Instances<Fields>[];
  /** Their positions among the proposals of all images. */
  readonly rows: Int32Array;
}

/**
 * The proposals that have an object's class: neither background nor ignored. Mirrors
 * `detectron2.modeling.roi_heads.roi_heads.select_foreground_proposals`.
 *
 * @param backgroundLabel - the number of foreground classes.
 */
export function selectForegroundProposals<Fields extends LabeledProposalFields>(
  proposals: readonly Instances<Fields>[],
  backgroundLabel: number,
): ForegroundProposals<Fields> {
  const rows: number[] = [];
  let offset = 0;
  const selected = proposals.map((image) => {
    const classes = flatClasses(image.gtClasses);
    const foreground: number[] = [];
    classes.forEach((label, row) => {
      if (label === -1 || label === backgroundLabel) return;
      foreground.push(row);
      rows.push(offset + row);
    });
    offset += classes.length;
    return image.select(foreground);
  });
  return { proposals: selected, rows: Int32Array.from(rows) };
}
