import { detectorPostprocess, type MappedFields } from "@detectron-ts/modeling";
import { Boxes, Instances, RotatedBoxes, UnknownFieldError } from "@detectron-ts/structures";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

/** Two instances in a 50 × 100 input, each with a mask of 2 × 2 probabilities. */
function instances() {
  return new Instances([50, 100], {
    predBoxes: new Boxes([
      [10, 10, 30, 20],
      [60, 20, 120, 70],
    ]),
    scores: ndarray(Float32Array.of(0.9, 0.8)),
    predClasses: ndarray(Int32Array.of(3, 7)),
    predMasks: ndarray(Float32Array.of(1, 1, 0, 0, 1, 1, 1, 1), [2, 1, 2, 2]),
  });
}

describe("detectorPostprocess", () => {
  it("scales each axis and clips boxes to the image", () => {
    const { predBoxes, imageSize } = detectorPostprocess(instances(), 100, 400);
    expect(imageSize).toEqual([100, 400]);
    expect(predBoxes.tensor).toBeAllclose([
      [40, 20, 120, 40],
      [240, 40, 400, 100],
    ]);
  });

  it("scales rotated boxes with their angles, and clips those that are nearly upright", () => {
    const rotated = new Instances([50, 100], {
      predBoxes: new RotatedBoxes([
        [20, 20, 10, 4, 45],
        [5, 20, 20, 4, 0.5],
        [20, 20, 0, 4, 45],
      ]),
    });
    const { predBoxes } = detectorPostprocess(rotated, 50, 200);
    expect(predBoxes).toBeInstanceOf(RotatedBoxes);
    const longer = Math.sqrt(5 / 2);
    const wide = (angle: number) => Math.hypot(2 * Math.cos(angle), Math.sin(angle));
    const turn = (0.5 * Math.PI) / 180;
    const angle = (Math.atan2(2 * Math.sin(turn), Math.cos(turn)) * 180) / Math.PI;
    expect(angle).toBeLessThan(1);
    const right = 10 + (20 * wide(turn)) / 2;
    const height = 4 * Math.hypot(2 * Math.sin(turn), Math.cos(turn));
    expect(predBoxes.tensor).toBeAllclose(
      [
        [40, 20, 10 * longer, 4 * longer, (Math.atan2(2, 1) * 180) / Math.PI],
        [right / 2, 20, right, height, angle],
      ].flat(),
      { atol: 1e-4 },
    );
  });

  it("pastes masks into the image", () => {
    const { predMasks } = detectorPostprocess(instances(), 50, 100);
    expect(predMasks.shape).toEqual([2, 50, 100]);
    expect(predMasks.data).toBeInstanceOf(Uint8Array);
    const column = Array.from({ length: 50 }, (_, y) => predMasks.get(0, y, 20));
    // The upper half of a box from 10 to 20, whose border lies midway between the centres of its mask's rows.
    expect(column.flatMap((value, y) => (value ? [y] : []))).toEqual([10, 11, 12, 13, 14]);
  });

  it("applies the threshold of masks", () => {
    const wide = detectorPostprocess(instances(), 50, 100, 0.01).predMasks;
    const narrow = detectorPostprocess(instances(), 50, 100, 0.99).predMasks;
    const pixels = ({ data }: { data: Uint8Array }) => data.reduce((sum, value) => sum + value, 0);
    expect(pixels(wide)).toBeGreaterThan(pixels(narrow));
  });

  it("drops boxes that lie outside of the image, with all their fields", () => {
    const found = instances();
    found.predBoxes.data.set([-30, 0, -10, 20]);
    const kept = detectorPostprocess(found, 50, 100);
    expect(kept.length).toBe(1);
    expect([...kept.predClasses.data]).toEqual([7]);
    expect(kept.predMasks.shape).toEqual([1, 50, 100]);
  });

  it("leaves its argument as it is", () => {
    const found = instances();
    detectorPostprocess(found, 200, 400);
    expect(found.predBoxes.tensor).toBeAllclose(instances().predBoxes.tensor);
    expect(found.predMasks.shape).toEqual([2, 1, 2, 2]);
  });

  it("scales keypoints, and carries the scores and heatmaps along", () => {
    const predKeypoints = ndarray(Float32Array.of(10, 20, 0.5, -3, 60, 0.25), [2, 1, 3]);
    const predKeypointHeatmaps = ndarray(new Float32Array(8).fill(2), [2, 1, 2, 2]);
    const found = instances()
      .set("predKeypoints", predKeypoints)
      .set("predKeypointHeatmaps", predKeypointHeatmaps);
    const mapped = detectorPostprocess(found, 100, 400);
    expect(mapped.predKeypoints.shape).toEqual([2, 1, 3]);
    expect([...mapped.predKeypoints.data]).toEqual([40, 40, 0.5, -12, 120, 0.25]);
    expect(mapped.predKeypointHeatmaps.shape).toEqual([2, 1, 2, 2]);
    expect(predKeypoints.data.slice(0, 2)).toEqual(Float32Array.of(10, 20));
  });

  it("maps proposals where there are no predicted boxes", () => {
    const proposals = new Instances([50, 100], {
      proposalBoxes: new Boxes([[10, 10, 30, 20]]),
      objectnessLogits: ndarray(Float32Array.of(2)),
    });
    const { proposalBoxes } = detectorPostprocess(proposals, 25, 50);
    expect(proposalBoxes.tensor).toBeAllclose([[5, 5, 15, 10]]);
  });

  it("takes no instances for what they are: none, with masks of the image's size", () => {
    const none = detectorPostprocess(instances().select([]), 20, 30);
    expect(none.length).toBe(0);
    expect(none.predMasks.shape).toEqual([0, 20, 30]);
  });

  it("refuses instances without boxes", () => {
    const boxless = new Instances<MappedFields>([50, 100], {});
    expect(() => detectorPostprocess(boxless, 50, 100)).toThrow(UnknownFieldError);
  });
});
