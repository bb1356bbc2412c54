import { describe, expect, it } from "vitest";

import { VideoVisualizer } from "../src/index.ts";
import { grayImage, labelMap, pixel } from "./pictures.ts";

const frame = grayImage(100, 200);

/** The colour of a box's left side, in the middle of its height. */
function colorOf(image: ReturnType<typeof grayImage>, [x0, y0, , y1]: readonly number[]) {
  return pixel(image, x0, (y0 + y1) / 2).join();
}

function colors(
  video: VideoVisualizer,
  boxes: readonly (readonly number[])[],
  others: { predClasses?: number[]; ID?: number[] } = {},
): string[] {
  const image = video.drawInstancePredictions(frame, {
    predBoxes: boxes,
    predClasses: boxes.map(() => 0),
    ...others,
  });
  return boxes.map((box) => colorOf(image, box));
}

describe("VideoVisualizer", () => {
  const left = [20, 30, 60, 90];
  const right = [120, 30, 160, 90];
  const moved = ([x0, y0, x1, y1]: readonly number[], by: number) => [x0 + by, y0, x1 + by, y1];

  it("gives an instance that moves the same colour, in whatever order instances come", () => {
    const video = new VideoVisualizer();
    const [first, second] = colors(video, [left, right]);
    expect(first).not.toBe(second);
    expect(colors(video, [moved(right, 4), moved(left, 4)])).toEqual([second, first]);
  });

  it("gives another colour to what is far off, or of another class", () => {
    const video = new VideoVisualizer();
    const [before] = colors(video, [left]);
    expect(colors(video, [right])).not.toContain(before);
    const other = new VideoVisualizer();
    const [cat] = colors(other, [left], { predClasses: [0] });
    expect(colors(other, [left], { predClasses: [1] })).not.toContain(cat);
  });

  it("knows an instance again that wasn't found for seven frames, and no more after eight", () => {
    const video = new VideoVisualizer();
    const [before] = colors(video, [left]);
    for (let i = 0; i < 7; i++) colors(video, []);
    // The other object takes another colour as long as the first is remembered.
    expect(colors(video, [right, left])[1]).toBe(before);

    for (let i = 0; i < 8; i++) colors(video, []);
    expect(colors(video, [right])).toEqual([before]);
  });

  it("follows the numbers of a tracker where there are", () => {
    const video = new VideoVisualizer();
    const [first, second] = colors(video, [left, right], { ID: [7, 9] });
    expect(colors(video, [left, right], { ID: [9, 7] })).toEqual([second, first]);
  });

  it("gives the instances of panoptic maps the same colours too", () => {
    const prediction = (x: number, id: number) => ({
      panopticSeg: labelMap(100, 200, 0, { label: id, box: [x, 20, x + 60, 90] }),
      segmentsInfo: [{ id, isThing: true, categoryId: 0 }],
    });
    const draw = (video: VideoVisualizer, x: number, id: number) =>
      pixel(video.drawPanopticSeg(frame, prediction(x, id), { drawText: false }), x + 30, 50);
    const video = new VideoVisualizer();
    const before = draw(video, 20, 1);
    expect(draw(video, 25, 4)).toEqual(before);
    expect(draw(video, 120, 1)).not.toEqual(before);
  });

  it("draws a frame without instances as it is", () => {
    const image = new VideoVisualizer().drawInstancePredictions(frame, { predBoxes: [] });
    expect(image.data).toEqual(frame.data);
    expect(frame.data.every((value) => value === 90)).toBe(true);
  });
});
