import { DefaultAnchorGenerator } from "@detectron-ts/anchor-generator";
import { Matcher } from "@detectron-ts/matcher";
import { Generator } from "@detectron-ts/nn";
import { Boxes, Instances, type ImageSize } from "@detectron-ts/structures";
import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import { labelAndSampleAnchors } from "../src/index.ts";

interface TrainJson {
  image_sizes: ImageSize[];
  padded_size: [number, number];
  num_pos_neg: [number, number][];
}

// Ground truth of two images, and how many positives and negatives detectron2 found among the anchors of R50-FPN.
const golden = loadGolden<TrainJson>(new URL("./golden/train-mask-rcnn-r50-fpn", import.meta.url));
const strides = [4, 8, 16, 32, 64];
const [height, width] = golden.json.padded_size;
const anchors = new DefaultAnchorGenerator({
  sizes: [[32], [64], [128], [256], [512]],
  aspectRatios: [[0.5, 1, 2]],
  strides,
  offset: 0,
}).forward(strides.map((stride) => [height / stride, width / stride] as const));
const gtInstances = golden.json.image_sizes.map(
  (imageSize, image) =>
    new Instances(imageSize, { gtBoxes: new Boxes(golden.float32(`${image}.gt_boxes`).data) }),
);
const options = {
  anchorMatcher: new Matcher({
    thresholds: [0.3, 0.7],
    labels: [0, -1, 1],
    allowLowQualityMatches: true,
  }),
  batchSizePerImage: 32768,
  positiveFraction: 1,
  anchorBoundaryThresh: -1,
};
const count = (labels: Int8Array, wanted: number) =>
  labels.reduce((sum, label) => sum + Number(label === wanted), 0);

describe("labelAndSampleAnchors", () => {
  it("labels as many anchors object and background as detectron2 does", () => {
    const { gtLabels } = labelAndSampleAnchors(anchors, gtInstances, options);
    expect(gtLabels.map((labels) => [count(labels, 1), count(labels, 0)])).toEqual(
      golden.json.num_pos_neg,
    );
  });

  it("matches each positive anchor with a box of its image", () => {
    const { gtLabels, gtBoxes } = labelAndSampleAnchors(anchors, gtInstances, options);
    for (const [image, labels] of gtLabels.entries()) {
      const known = new Set([...gtInstances[image].gtBoxes].map((box) => box.join()));
      const matched = [...new Boxes(gtBoxes[image])].map((box) => box.join());
      expect(matched).toHaveLength(labels.length);
      expect(matched.every((box) => known.has(box))).toBe(true);
    }
  });

  it("draws the sample asked for, the same for the same seed", () => {
    const sample = { ...options, batchSizePerImage: 64, positiveFraction: 0.25 };
    const draw = (seed: number) =>
      labelAndSampleAnchors(anchors, gtInstances, { ...sample, generator: new Generator(seed) });
    const { gtLabels } = draw(1);
    expect(gtLabels.map((labels) => [count(labels, 1), count(labels, 0)])).toEqual([
      [16, 48],
      [16, 48],
    ]);
    expect(draw(1).gtLabels).toEqual(gtLabels);
    expect(draw(2).gtLabels).not.toEqual(gtLabels);
  });

  it("leaves out anchors that reach too far out of the image", () => {
    const all = Boxes.cat(anchors);
    for (const anchorBoundaryThresh of [0, 16]) {
      const { gtLabels } = labelAndSampleAnchors(anchors, gtInstances, {
        ...options,
        anchorBoundaryThresh,
      });
      for (const [image, labels] of gtLabels.entries()) {
        const inside = all.insideBox(golden.json.image_sizes[image], anchorBoundaryThresh);
        expect(labels.every((label, i) => inside[i] === 1 || label === -1)).toBe(true);
        expect(count(labels, 0)).toBeGreaterThan(0);
      }
    }
  });

  it("calls every anchor background where there is no ground truth", () => {
    const empty = new Instances([160, 213], { gtBoxes: new Boxes([]) });
    const { gtLabels, gtBoxes } = labelAndSampleAnchors(anchors, [empty], options);
    expect(gtLabels[0].every((label) => label === 0)).toBe(true);
    expect(gtBoxes[0].shape).toEqual([gtLabels[0].length, 4]);
    expect(gtBoxes[0].data.every((coordinate) => coordinate === 0)).toBe(true);
  });
});
