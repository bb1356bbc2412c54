import { readFileSync } from "node:fs";

import { Boxes, Instances } from "@detectron-ts/structures";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import { tinyFcos } from "./tiny-fcos.ts";

interface Recorded {
  readonly grid_sizes: readonly (readonly [height: number, width: number])[];
  readonly numClasses: number;
  readonly cases: readonly {
    readonly boxes: number[][];
    readonly classes: number[];
    /** Locations that are labelled with a class, of all levels, one after the other. */
    readonly positives: number[];
    readonly labels: number[];
    readonly matched: number[][];
    readonly centerness: number[];
    /** How many locations match each box, those that another has been preferred at included. */
    readonly matches_of_each: number[];
  }[];
}

const recordedFile = new URL("golden/fcos_matching.json", import.meta.url);
const recorded: Recorded = JSON.parse(readFileSync(recordedFile, "utf8"));

describe("locations of FCOS", () => {
  const { numClasses } = recorded;
  const sizes = { depth: 18, channels: 4, pyramidChannels: 8, numConvs: 1, numClasses };
  const model = tinyFcos({ ...sizes, norm: "" });
  const anchors = model.anchorGenerator.forward(recorded.grid_sizes);

  it.each(recorded.cases.map((each) => [each.boxes.length, each] as const))(
    "are matched with %i boxes as detectron2 does it, ties included",
    (_count, { boxes, classes, positives, labels, matched, centerness, matches_of_each }) => {
      const gtBoxes = new Boxes(boxes);
      const truth = new Instances([256, 320], { gtBoxes, gtClasses: Int32Array.from(classes) });
      const { gtLabels, gtBoxes: matches } = model.labelAnchors(anchors, [truth]);
      const found = Array.from(gtLabels[0].keys()).filter((i) => gtLabels[0][i] !== numClasses);
      expect(found).toEqual(positives);
      expect(found.map((i) => gtLabels[0][i])).toEqual(labels);
      const boxOf = (i: number) => [...matches[0].data.subarray(4 * i, 4 * i + 4)];
      expect(found.map(boxOf)).toEqual(matched);

      const rows = Int32Array.from(positives);
      const targets = model.computeCtrnessTargets(
        Boxes.cat(anchors).select(rows).tensor,
        new Boxes(matches[0]).select(rows).tensor,
      );
      expect(targets).toBeAllclose(centerness, { rtol: 2e-7, atol: 0 });

      const quality = model.matchAnchors(gtBoxes, anchors);
      const numMatches = boxes.map((_, i) => countPositive(quality.pick(i)));
      expect(numMatches).toEqual(matches_of_each);
    },
  );
});

function countPositive({ data, offset, shape }: ndarray.NdArray<Float32Array>): number {
  return data.subarray(offset, offset + shape[0]).filter((value) => value > 0).length;
}
