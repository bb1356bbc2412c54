import {
  DataLengthError,
  PanopticQuality,
  type PanopticSegment,
  PanopticSegmentError,
} from "@detectron-ts/coco";
import { describe, expect, it } from "vitest";

const CATEGORIES = [
  { id: 1, name: "cup", isthing: 1 },
  { id: 7, name: "table", isthing: 0 },
  { id: 9, name: "wall", isthing: 0 },
] as const;

/** Runs of pixels: `[id, length]` each. */
type Runs = readonly (readonly [id: number, length: number])[];

function image(runs: Runs, segments: readonly PanopticSegment[]) {
  const ids = Int32Array.from(runs.flatMap(([id, length]) => new Array<number>(length).fill(id)));
  return { imageId: 5, ids, segments };
}

function quality(truth: ReturnType<typeof image>, prediction: ReturnType<typeof image>) {
  const own = new PanopticQuality(CATEGORIES);
  own.add(truth, prediction);
  return own.summarize();
}

describe("PanopticQuality", () => {
  it("is the overlap of what is found, times how much is", () => {
    const truth = image(
      [
        [1, 8],
        [2, 10],
        [3, 6],
      ],
      [
        { id: 1, category_id: 1 },
        { id: 2, category_id: 1 },
        { id: 3, category_id: 7 },
      ],
    );
    // The first is found but for two pixels, the second is not, the third is of another category.
    const prediction = image(
      [
        [0, 2],
        [4, 6],
        [0, 10],
        [5, 6],
      ],
      [
        { id: 4, category_id: 1 },
        { id: 5, category_id: 9 },
      ],
    );
    const { all, things, stuff, perClass } = quality(truth, prediction);
    expect(things).toEqual({ pq: 0.75 / 1.5, sq: 0.75, rq: 1 / 1.5, n: 1 });
    expect(stuff).toEqual({ pq: 0, sq: 0, rq: 0, n: 2 });
    expect(all.pq).toBeCloseTo(0.5 / 3, 12);
    expect(all.n).toBe(3);
    expect(perClass.get(1)).toEqual({ pq: 0.75 / 1.5, sq: 0.75, rq: 1 / 1.5 });
  });

  it("needs an overlap above a half, of which pixels without truth don't take", () => {
    const truth = image(
      [
        [1, 10],
        [0, 10],
      ],
      [{ id: 1, category_id: 1 }],
    );
    const found = image([[2, 20]], [{ id: 2, category_id: 1 }]);
    expect(quality(truth, found).all.pq).toBe(1);
    const half = image(
      [
        [2, 5],
        [0, 15],
      ],
      [{ id: 2, category_id: 1 }],
    );
    expect(quality(truth, half).all).toEqual({ pq: 0, sq: 0, rq: 0, n: 1 });
  });

  it("counts nothing as wrong that lies mostly in a crowd of its category, or where there is no truth", () => {
    const truth = image(
      [
        [1, 10],
        [0, 10],
        [3, 10],
      ],
      [
        { id: 1, category_id: 1, iscrowd: 1 },
        { id: 3, category_id: 7 },
      ],
    );
    const prediction = (category_id: number) =>
      image(
        [
          [2, 6],
          [0, 4],
          [4, 10],
          [2, 3],
          [3, 7],
        ],
        [
          { id: 2, category_id },
          { id: 3, category_id: 7 },
          { id: 4, category_id: 9 },
        ],
      );
    expect(quality(truth, prediction(1)).all).toEqual({ pq: 0.7, sq: 0.7, rq: 1, n: 1 });
    // Of another category, the crowd is no excuse.
    expect(quality(truth, prediction(9)).all.n).toBe(2);
  });

  it("takes the area of truth from its description, as panopticapi does", () => {
    const truth = image([[1, 10]], [{ id: 1, category_id: 1, area: 15 }]);
    const prediction = image([[1, 10]], [{ id: 1, category_id: 1 }]);
    expect(quality(truth, prediction).all.sq).toBeCloseTo(10 / 15, 12);
  });

  it("is NaN where no category occurs", () => {
    const nothing = image([[0, 4]], []);
    const { all, things } = quality(nothing, nothing);
    expect(all).toEqual({ pq: NaN, sq: NaN, rq: NaN, n: 0 });
    expect(things.n).toBe(0);
  });

  it("refuses predictions whose pixels and segments don't fit, or whose category isn't known", () => {
    const truth = image([[1, 4]], [{ id: 1, category_id: 1 }]);
    const given = (runs: Runs, segments: readonly PanopticSegment[]) => () =>
      quality(truth, image(runs, segments));
    expect(given([[1, 5]], [{ id: 1, category_id: 1 }])).toThrow(DataLengthError);
    expect(given([[2, 4]], [])).toThrow(PanopticSegmentError);
    expect(given([[0, 4]], [{ id: 2, category_id: 1 }])).toThrow(/has no pixel/);
    expect(given([[2, 4]], [{ id: 2, category_id: 4 }])).toThrow(/category 4/);
  });
});
