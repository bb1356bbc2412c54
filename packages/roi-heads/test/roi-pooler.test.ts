import { OptionError } from "@detectron-ts/layers";
import { runtime } from "@detectron-ts/runtime";
import { BoxKindError, Boxes, RotatedBoxes } from "@detectron-ts/structures";
import { zeros, tensor } from "@detectron-ts/tensor";
import { loadGolden } from "@detectron-ts/testing";
import { describe, expect, it } from "vitest";

import { assignBoxesToLevels, CountMismatchError, ROIPooler } from "../src/index.ts";
import { toTensor } from "./support.ts";

interface Recorded {
  readonly cases: readonly {
    readonly i: number;
    readonly pooler_type: string;
    readonly scales: readonly number[];
    readonly output_size: readonly [number, number];
    readonly sampling_ratio: number;
    readonly canonical_box_size: number;
    readonly canonical_level: number;
  }[];
}

const golden = loadGolden<Recorded>(new URL("./golden/roi_pooler", import.meta.url));
const { cases } = golden.json;

const poolerOf = (recorded: (typeof cases)[number]): ROIPooler =>
  new ROIPooler({
    outputSize: recorded.output_size,
    scales: recorded.scales,
    samplingRatio: recorded.sampling_ratio,
    poolerType: recorded.pooler_type,
    canonicalBoxSize: recorded.canonical_box_size,
    canonicalLevel: recorded.canonical_level,
  });

const boxesOf = (i: number): Boxes[] =>
  [0, 1].map((image) => {
    const { data, shape } = golden.float32(`${i}.boxes.${image}`);
    return shape[1] === 5 ? new RotatedBoxes(data) : new Boxes(data);
  });

describe("ROIPooler", () => {
  it.each(cases)("pools what detectron2 pools: $pooler_type from $scales", async (recorded) => {
    const features = recorded.scales.map((_, level) =>
      toTensor(golden.float32(`${recorded.i}.feature.${level}`)),
    );
    const pooled = poolerOf(recorded)(features, boxesOf(recorded.i));
    const expected = golden.float32(`${recorded.i}.output`);
    expect(pooled.shape).toEqual(expected.shape);
    expect(await pooled.toNdarray()).toBeAllclose(expected, { atol: 1e-5, rtol: 0 });
  });

  it.each(cases.filter(({ scales }) => scales.length > 1))(
    "assigns boxes to detectron2's levels: $scales",
    (recorded) => {
      const levels = assignBoxesToLevels(boxesOf(recorded.i), poolerOf(recorded));
      expect([...levels]).toEqual([...golden.int64(`${recorded.i}.levels`).data].map(Number));
    },
  );

  it("puts boxes on the border of two levels on the coarser, empty ones on the finest", () => {
    const boxes = [
      [0, 0, 112, 112],
      [0, 0, 111.9, 112],
      [0, 0, 224, 224],
      [0, 0, 448, 448],
      [0, 0, 2000, 2000],
      [5, 5, 5, 5],
      [5, 5, 4, 9],
    ];
    const options = { minLevel: 2, maxLevel: 5, canonicalBoxSize: 224, canonicalLevel: 4 };
    expect([...assignBoxesToLevels([new Boxes(boxes)], options)]).toEqual([1, 0, 2, 3, 3, 0, 0]);
  });

  it.each([
    ["ROIAlignV2", new RotatedBoxes([[5, 5, 4, 4, 0]])],
    ["ROIAlignRotated", new Boxes([[0, 0, 4, 4]])],
  ])("as %s refuses boxes of the other kind", (poolerType, boxes) => {
    const pooler = new ROIPooler({ outputSize: 2, scales: [1 / 4], samplingRatio: 0, poolerType });
    expect(() => pooler([zeros([1, 1, 8, 8])], [boxes])).toThrow(BoxKindError);
  });

  it("compiles once for any number of boxes, however they spread over the levels", async () => {
    const pooler = new ROIPooler({
      outputSize: 2,
      scales: [1 / 4, 1 / 8],
      samplingRatio: 0,
      poolerType: "ROIAlignV2",
      canonicalBoxSize: 16,
      canonicalLevel: 3,
    });
    const run = async (count: number): Promise<readonly number[]> => {
      const ramp = Float32Array.from({ length: 2 * 16 * 16 }, (_, i) => i);
      const features = [tensor(ramp, { shape: [1, 2, 16, 16] }), zeros([1, 2, 8, 8])];
      const boxes = Array.from({ length: count }, (_, i) => [i % 9, 3, (i % 9) + 5, 8 + (i % 40)]);
      const pooled = pooler(features, [new Boxes(boxes)]);
      await pooled.data();
      return pooled.shape;
    };
    expect(await run(3)).toEqual([3, 2, 2, 2]);
    const { compilations } = runtime.stats();
    for (const count of [0, 1, 7, 1000]) expect(await run(count)).toEqual([count, 2, 2, 2]);
    expect(runtime.stats().compilations).toBe(compilations);
  });

  it("refuses scales that don't halve, types it doesn't know and lists of the wrong length", () => {
    const options = { outputSize: 2, samplingRatio: 0, poolerType: "ROIAlignV2" };
    for (const scales of [[], [0.3], [1 / 4, 1 / 16], [1 / 8, 1 / 4]]) {
      expect(() => new ROIPooler({ ...options, scales })).toThrow(OptionError);
    }
    const scales = [1 / 4];
    expect(() => new ROIPooler({ ...options, scales, poolerType: "ROIWarp" })).toThrow(
      "poolerType must be ROIAlignV2 or ROIAlign or ROIPool or ROIAlignRotated",
    );
    const pooler = new ROIPooler({ ...options, scales });
    const feature = zeros([1, 2, 4, 4]);
    expect(() => pooler([feature, feature], [new Boxes([])])).toThrow(CountMismatchError);
    expect(() => pooler([feature], [])).toThrow("Wanted 1 lists of boxes, got 0.");
  });
});
