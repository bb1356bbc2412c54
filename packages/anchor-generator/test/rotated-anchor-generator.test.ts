import { getCfg } from "@detectron-ts/config";
import { OptionError } from "@detectron-ts/layers";
import { RotatedBoxes } from "@detectron-ts/structures";
import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import { buildAnchorGenerator, RotatedAnchorGenerator } from "../src/index.ts";

interface AnchorsJson {
  cases: {
    i: number | string;
    sizes: number[][];
    aspect_ratios: number[][];
    angles: number[][];
    strides: number[];
    offset: number;
    grids: [number, number][];
  }[];
}

const golden = loadGolden<AnchorsJson>(new URL("./golden/anchors", import.meta.url));

describe("RotatedAnchorGenerator", () => {
  it("makes detectron2's anchors to the last bit", () => {
    const recorded = golden.json.cases.find(({ i }) => i === "rot")!;
    const generator = new RotatedAnchorGenerator({
      ...recorded,
      aspectRatios: recorded.aspect_ratios,
    });
    const anchors = generator.forward(recorded.grids);
    expect(anchors).toHaveLength(2);
    anchors.forEach(({ data }, level) => {
      expect(data).toEqual(golden.float32(`rot.anchors.${level}`).data);
    });
  });

  it("orders the anchors of a location by size, aspect ratio and angle, about its centre", () => {
    const generator = new RotatedAnchorGenerator({
      sizes: [4],
      aspectRatios: [0.25, 1],
      angles: [0, 45],
      strides: [8],
    });
    expect(generator.boxDim).toBe(5);
    expect(generator.numCellAnchors).toEqual([4]);
    const [anchors] = generator.forward([[1, 2]]);
    expect(anchors).toBeInstanceOf(RotatedBoxes);
    const wanted = [4, 12].flatMap((x) => [
      [x, 4, 8, 2, 0],
      [x, 4, 8, 2, 45],
      [x, 4, 4, 4, 0],
      [x, 4, 4, 4, 45],
    ]);
    expect(Array.from(anchors, (box) => [...box])).toEqual(wanted);
    expect(generator.forward([[0, 3]])[0]).toHaveLength(0);
  });

  it("is what the config describes, three angles to a right angle either way by default", () => {
    const cfg = getCfg();
    cfg.MODEL.ANCHOR_GENERATOR.NAME = "RotatedAnchorGenerator";
    const generator = buildAnchorGenerator(cfg, [{ stride: 16 }]);
    expect(generator.numCellAnchors).toEqual([45]);
    const [anchors] = generator.forward([[1, 1]]);
    expect(Array.from(anchors.select({ end: 3 }), (box) => box[4])).toEqual([-90, 0, 90]);
  });

  it("refuses options that do not fit", () => {
    const options = { sizes: [4], aspectRatios: [1], angles: [[0], [1], [2]], strides: [8, 16] };
    expect(() => new RotatedAnchorGenerator(options)).toThrow(OptionError);
    expect(() => new RotatedAnchorGenerator({ ...options, angles: [], strides: [8] })).toThrow(
      OptionError,
    );
  });
});
