import { createHash } from "node:crypto";
import { join } from "node:path";
import { readImage } from "@detectron-ts/image";
import { dataRoot, goldenRoot, goldenTensors } from "@detectron-ts/testing";
import type { NdArray } from "ndarray";
import { describe, expect, it } from "vitest";

import { ResizeShortestEdge } from "../src/index.ts";

/** The pixels of an H×W×C image in C×H×W order, as networks take them. */
function channelsFirst(image: NdArray<Uint8Array>): Uint8Array {
  const [height, width, channels] = image.shape;
  const planes = new Uint8Array(image.size);
  for (let c = 0; c < channels; c++) {
    for (let pixel = 0; pixel < height * width; pixel++) {
      planes[c * height * width + pixel] = image.data[pixel * channels + c];
    }
  }
  return planes;
}

describe.runIf(goldenRoot())("the recorded input photographs", () => {
  it.each([
    [0, "a.png"],
    [1, "b.png"],
  ])("image %d, %s, becomes the recorded network input", async (index, file) => {
    const image = await readImage(join(goldenRoot()!, "inputs", file), { format: "BGR" });
    const resize = new ResizeShortestEdge({ shortEdgeLength: 184, maxSize: 1333 });
    const resized = resize.getTransform(image).applyImage(image);
    const expected = goldenTensors("inputs/inputs_184").uint8(`${index}.image`);
    expect([3, resized.shape[0], resized.shape[1]]).toEqual(expected.shape);
    expect(Buffer.compare(channelsFirst(resized), expected.data)).toBe(0);
  });
});

interface PreprocessRecord {
  file_name: string;
  network_chw_bgr: { shape: [number, number, number]; sha256: string };
}

describe.runIf(goldenRoot() && dataRoot())("the test sets of the trained models", () => {
  it.each([
    ["mask_rcnn_fruits", 288],
    ["faster_rcnn_bccd", 320],
  ])("%s: every image at short edge %d has the recorded bytes", async (name, shortEdgeLength) => {
    const records = goldenTensors<PreprocessRecord[]>(`trained/${name}/preprocess`).json;
    const resize = new ResizeShortestEdge({ shortEdgeLength, maxSize: 1333 });
    const differing: string[] = [];
    for (const { file_name: fileName, network_chw_bgr: recorded } of records) {
      const image = await readImage(join(dataRoot()!, fileName), { format: "BGR" });
      const resized = resize.getTransform(image).applyImage(image);
      const hash = createHash("sha256").update(channelsFirst(resized)).digest("hex");
      if (hash !== recorded.sha256) differing.push(fileName);
    }
    expect(records.length).toBeGreaterThan(0);
    expect(differing).toEqual([]);
  });
});
