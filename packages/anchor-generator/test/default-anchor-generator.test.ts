import { getCfg, NotRegisteredError } from "@detectron-ts/config";
import { OptionError } from "@detectron-ts/layers";
import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import {
  ANCHOR_GENERATOR_REGISTRY,
  buildAnchorGenerator,
  DefaultAnchorGenerator,
  FeatureMapError,
} from "../src/index.ts";

interface AnchorsJson {
  cases: {
    i: number | string;
    kind: string;
    sizes: number[][];
    aspect_ratios: number[][];
    strides: number[];
    offset: number;
    grids: [number, number][];
  }[];
}

const golden = loadGolden<AnchorsJson>(new URL("./golden/anchors", import.meta.url));
const cases = golden.json.cases.filter(({ kind }) => kind === "DefaultAnchorGenerator");

describe("DefaultAnchorGenerator", () => {
  it.each(cases)(
    "makes detectron2's anchors to the last bit, case $i",
    ({ i, sizes, aspect_ratios: aspectRatios, strides, offset, grids }) => {
      const generator = new DefaultAnchorGenerator({ sizes, aspectRatios, strides, offset });
      generator.forward(grids).forEach((anchors, level) => {
        expect(generator.cellAnchors[level].data).toEqual(
          golden.float32(`${i}.cell.${level}`).data,
        );
        expect(anchors.data).toEqual(golden.float32(`${i}.anchors.${level}`).data);
      });
    },
  );

  it("counts the anchors of a location", () => {
    const generator = new DefaultAnchorGenerator({
      sizes: [[8, 16], [32]],
      aspectRatios: [[1, 2, 3]],
      strides: [4, 8],
    });
    expect(generator.numCellAnchors).toEqual([6, 3]);
    expect(generator.boxDim).toBe(4);
  });

  it("lets a bare list of numbers serve all feature maps", () => {
    const options = { strides: [4, 8], aspectRatios: [1] };
    const bare = new DefaultAnchorGenerator({ ...options, sizes: [8, 16] });
    const nested = new DefaultAnchorGenerator({ ...options, sizes: [[8, 16]] });
    const grids = [[2, 2], [1, 1]] as const; // prettier-ignore
    expect(bare.forward(grids)).toEqual(nested.forward(grids));
  });

  it("centres the first anchors on their cells unless told otherwise", () => {
    const generator = new DefaultAnchorGenerator({ sizes: [4], aspectRatios: [1], strides: [8] });
    expect([...generator.forward([[1, 2]])[0].data]).toEqual([2, 2, 6, 6, 10, 2, 14, 6]);
  });

  it("reads the grid from the shape of a feature map, and may find it empty", () => {
    const generator = new DefaultAnchorGenerator({ sizes: [4], aspectRatios: [1], strides: [8] });
    const feature = { shape: [2, 256, 3, 5] };
    expect(generator.forward([feature])).toEqual(generator.forward([[3, 5]]));
    expect(generator.forward([[0, 5]])[0]).toHaveLength(0);
  });

  it("remembers the anchors of the grids used last, and no more", () => {
    const generator = new DefaultAnchorGenerator({ sizes: [4], aspectRatios: [1], strides: [8] });
    const [first] = generator.forward([[1, 1]]);
    const [second] = generator.forward([[1, 2]]);
    for (let width = 3; width <= 9; width++) {
      generator.forward([[1, width]]);
      expect(generator.forward([[1, 1]])[0]).toBe(first);
    }
    expect(generator.forward([[1, 2]])[0]).not.toBe(second);
  });

  it("refuses options and feature maps that do not fit", () => {
    const options = { sizes: [[4], [8]], aspectRatios: [1], strides: [8, 16] };
    const make = (changed: Partial<typeof options> & { offset?: number }) =>
      new DefaultAnchorGenerator({ ...options, ...changed });
    expect(() => make({ sizes: [[1], [2], [3]] })).toThrow(OptionError);
    expect(() => make({ sizes: [] })).toThrow(OptionError);
    expect(() => make({ aspectRatios: [0] })).toThrow(OptionError);
    expect(() => make({ offset: 1 })).toThrow(OptionError);
    expect(() => make({}).forward([[1, 1]])).toThrow(FeatureMapError);
    expect(() => make({}).forward([{ shape: [1] }, [1, 1]])).toThrow(FeatureMapError);
  });
});

describe("buildAnchorGenerator", () => {
  it("makes the generator that the config describes, with offset 0", () => {
    const generator = buildAnchorGenerator(getCfg(), [{ channels: 1024, stride: 16 }]);
    expect(generator.numCellAnchors).toEqual([15]);
    expect(generator.forward([[4, 5]])[0].data).toEqual(golden.float32("1.anchors.0").data);
  });

  it("makes generators that others have registered", () => {
    const cfg = getCfg();
    cfg.MODEL.ANCHOR_GENERATOR.NAME = "OneSquare";
    expect(() => buildAnchorGenerator(cfg, [])).toThrow(NotRegisteredError);
    ANCHOR_GENERATOR_REGISTRY.register(
      "OneSquare",
      (_cfg, inputShape) =>
        new DefaultAnchorGenerator({
          sizes: [10],
          aspectRatios: [1],
          strides: inputShape.map(() => 10),
        }),
    );
    expect(buildAnchorGenerator(cfg, [{ stride: 4 }]).numCellAnchors).toEqual([1]);
  });

  it("needs the strides of the feature maps", () => {
    expect(() => buildAnchorGenerator(getCfg(), [{ channels: 256 }])).toThrow(OptionError);
  });
});
