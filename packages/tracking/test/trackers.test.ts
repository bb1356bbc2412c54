import { getCfg, NotRegisteredError } from "@detectron-ts/config";
import { BitMasks, Boxes, Instances, RotatedBoxes } from "@detectron-ts/structures";
import {
  BaseTracker,
  BBoxIOUTracker,
  buildTrackerHead,
  createPredictionPairs,
  IOUWeightedHungarianBBoxIOUTracker,
  LARGE_COST_VALUE,
  linearSumAssignment,
  MissingVideoSizeError,
  TRACKER_HEADS_REGISTRY,
  TrackerOptionError,
  UnsupportedBoxesError,
  UnsupportedFieldError,
  VanillaHungarianBBoxIOUTracker,
} from "@detectron-ts/tracking";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

const SIZE = [600, 800] as const;
const VIDEO = { videoHeight: 600, videoWidth: 800 };
const FIRST = [
  [101, 101, 200, 200],
  [301, 301, 450, 450],
];
const SECOND = [
  [302, 303, 451, 452],
  [101, 102, 201, 203],
];

const frame = (boxes: number[][]): Instances<{ predBoxes: Boxes }> =>
  new Instances(SIZE, { predBoxes: new Boxes(boxes) });

const TRACKERS = [
  ["BBoxIOUTracker", BBoxIOUTracker],
  ["VanillaHungarianBBoxIOUTracker", VanillaHungarianBBoxIOUTracker],
  ["IOUWeightedHungarianBBoxIOUTracker", IOUWeightedHungarianBBoxIOUTracker],
] as const;

describe.each(TRACKERS)("%s", (name, Tracker) => {
  it("numbers the first frame's instances in order, and knows them in the next", () => {
    const tracker = new Tracker(VIDEO);
    const first = tracker.update(frame(FIRST));
    expect([first.ID, first.IDPeriod, first.lostFrameCount]).toEqual([
      [0, 1],
      [1, 1],
      [0, 0],
    ]);
    const second = tracker.update(frame(SECOND));
    expect([second.ID, second.IDPeriod]).toEqual([
      [1, 0],
      [2, 2],
    ]);
  });

  it("goes on to report what is lost, with all its fields, until it has been lost too long", () => {
    const tracker = new Tracker({ ...VIDEO, maxLostFrameCount: 2 });
    const classes = ndarray(Int32Array.of(7), [1]);
    const predMasks = new BitMasks(ndarray(new Uint8Array(8).fill(1), [1, 2, 4]));
    const seen = (boxes: number[][]) =>
      new Instances(SIZE, {
        predBoxes: new Boxes(boxes),
        predClasses: boxes.length > 0 ? classes : ndarray(new Int32Array(0), [0]),
        predMasks: boxes.length > 0 ? predMasks : predMasks.select([]),
        names: boxes.map(() => "cat"),
      });
    for (const period of [1, 2, 3]) {
      expect(tracker.update(seen([FIRST[0]])).IDPeriod).toEqual([period]);
    }
    for (const count of [1, 2]) {
      const lost = tracker.update(seen([]));
      expect(lost.fields()).toMatchObject({ ID: [0], IDPeriod: [3], lostFrameCount: [count] });
      expect([...lost.predBoxes.data]).toEqual(FIRST[0]);
      expect(lost.predClasses.get(0)).toBe(7);
      expect(lost.predMasks.length).toBe(1);
      expect(lost.names).toEqual(["cat"]);
    }
    expect(tracker.update(seen([])).length).toBe(0);
    expect(tracker.update(seen([FIRST[0]])).ID).toEqual([1]);
  });

  it("knows again what was lost, with its number", () => {
    const tracker = new Tracker({ ...VIDEO, maxLostFrameCount: 1, minInstancePeriod: 0 });
    tracker.update(frame(FIRST));
    expect(tracker.update(frame([FIRST[1]])).ID).toEqual([1, 0]);
    expect(tracker.update(frame(FIRST)).ID).toEqual([0, 1]);
  });

  it("starts with frames without instances", () => {
    const tracker = new Tracker(VIDEO);
    expect(tracker.update(frame([])).ID).toEqual([]);
    expect(tracker.update(frame([])).length).toBe(0);
    expect(tracker.update(frame(FIRST)).ID).toEqual([0, 1]);
  });

  it("leaves what it is given as it is, and doesn't mind what becomes of its results", () => {
    const tracker = new Tracker(VIDEO);
    const first = frame(FIRST);
    const tracked = tracker.update(first);
    expect(Object.keys(first.fields())).toEqual(["predBoxes"]);
    tracked.predBoxes.scale(0.1, 0.1);
    expect(tracker.update(frame(SECOND)).ID).toEqual([1, 0]);
  });

  it("is built from a config", () => {
    const plain = { TRACKER_NAME: name, VIDEO_HEIGHT: 600, VIDEO_WIDTH: 800 };
    const settings = { MAX_LOST_FRAME_COUNT: 4, TRACK_IOU_THRESHOLD: 0.25 };
    for (const cfg of [
      { TRACKER_HEADS: { ...plain, ...settings } },
      getCfg().extend({ TRACKER_HEADS: { ...plain, ...settings } }),
    ]) {
      expect(buildTrackerHead(cfg)).toMatchObject({
        constructor: Tracker,
        ...VIDEO,
        maxNumInstances: 200,
        maxLostFrameCount: 4,
        minBoxRelDim: 0.02,
        minInstancePeriod: 1,
        trackIouThreshold: 0.25,
      });
    }
  });

  it("refuses rotated boxes", () => {
    const predBoxes = new RotatedBoxes([[50, 50, 20, 10, 30]]);
    const rotated = new Instances(SIZE, { predBoxes });
    expect(() => new Tracker(VIDEO).update(rotated)).toThrow(UnsupportedBoxesError);
  });

  it("refuses frames without size and options that are no numbers", () => {
    expect(() => new Tracker({ ...VIDEO, videoWidth: 0 })).toThrow(TrackerOptionError);
    expect(() => new Tracker({ ...VIDEO, trackIouThreshold: NaN })).toThrow(
      "trackIouThreshold has to be a finite number, got NaN.",
    );
  });
});

describe("matching", () => {
  // The first instance overlaps the second one before by 0.6, and the first by 0.5.
  const before = [
    [0, 0, 60, 100],
    [40, 0, 120, 100],
  ];
  const now = [[20, 0, 100, 100]];

  it("of BBoxIOUTracker takes the first that overlaps enough, not the best", () => {
    const tracker = new BBoxIOUTracker({ ...VIDEO, trackIouThreshold: 0.3 });
    tracker.update(frame(before));
    expect(tracker.update(frame(now)).ID).toEqual([0]);
  });

  it("of Hungarian trackers keeps a number even where nothing overlaps", () => {
    for (const Tracker of [VanillaHungarianBBoxIOUTracker, IOUWeightedHungarianBBoxIOUTracker]) {
      const tracker = new Tracker(VIDEO);
      tracker.update(frame([FIRST[0]]));
      expect(tracker.update(frame([[500, 500, 600, 600]])).ID).toEqual([0]);
    }
  });

  it("of Hungarian trackers isn't for keypoints", () => {
    const predKeypoints = ndarray(new Float32Array(3), [1, 1, 3]);
    const instances = frame([FIRST[0]]).set("predKeypoints", predKeypoints);
    const tracker = new VanillaHungarianBBoxIOUTracker(VIDEO);
    expect(() => tracker.update(instances)).toThrow(UnsupportedFieldError);
    expect(new BBoxIOUTracker(VIDEO).update(instances).predKeypoints.shape).toEqual([1, 1, 3]);
  });

  it("costs -1 for pairs that overlap, or their overlap where the matrix can hold it", () => {
    const pairs = [
      { idx: 0, prevIdx: 1, prevId: 0, IoU: 0.6, prevPeriod: 1 },
      { idx: 1, prevIdx: 0, prevId: 1, IoU: 1, prevPeriod: 1 },
    ];
    const vanilla = new VanillaHungarianBBoxIOUTracker(VIDEO);
    const weighted = new IOUWeightedHungarianBBoxIOUTracker(VIDEO);
    const filled = <Data extends Int32Array | Float64Array>(data: Data) =>
      ndarray(data.fill(LARGE_COST_VALUE) as Data, [2, 2]);
    const large = LARGE_COST_VALUE;
    const integers = filled(new Int32Array(4));
    expect([...vanilla.assignCostMatrixValues(integers, pairs).data]).toEqual([
      large,
      -1,
      -1,
      large,
    ]);
    const truncated = weighted.assignCostMatrixValues(filled(new Int32Array(4)), pairs);
    expect([...truncated.data]).toEqual([large, 0, -1, large]);
    const floats = weighted.assignCostMatrixValues(filled(new Float64Array(4)), pairs);
    expect([...floats.data]).toEqual([large, -0.6, -1, large]);
  });
});

describe("createPredictionPairs", () => {
  it("lists pairs that overlap enough in the order of rows, comparing in float32", () => {
    const iou = ndarray(Float32Array.of(0.1, 0.7, 0.5, 0), [2, 2]);
    const previous = { ID: [4, 6], IDPeriod: [2, 9], length: 2 };
    expect(createPredictionPairs({ length: 2 }, previous, iou)).toEqual([
      { idx: 0, prevIdx: 1, prevId: 6, IoU: Math.fround(0.7), prevPeriod: 9 },
      { idx: 1, prevIdx: 0, prevId: 4, IoU: 0.5, prevPeriod: 2 },
    ]);
    expect(createPredictionPairs({ length: 2 }, previous, iou, 0.7)).toHaveLength(1);
  });
});

describe("buildTrackerHead", () => {
  it("names the trackers there are when asked for another, and the key that is missing", () => {
    const heads = { TRACKER_NAME: "SORT", VIDEO_HEIGHT: 600, VIDEO_WIDTH: 800 };
    expect(() => buildTrackerHead({ TRACKER_HEADS: heads })).toThrow(NotRegisteredError);
    const { VIDEO_WIDTH: _, ...unsized } = { ...heads, TRACKER_NAME: "BBoxIOUTracker" };
    const cfg = { TRACKER_HEADS: unsized as typeof heads };
    expect(() => buildTrackerHead(cfg)).toThrow(MissingVideoSizeError);
  });

  it("takes trackers that users register", () => {
    class Forgetful extends BaseTracker {
      protected override match(): ReadonlyMap<number, number> {
        return new Map();
      }
    }
    TRACKER_HEADS_REGISTRY.register("Forgetful", () => new Forgetful(VIDEO));
    const heads = { TRACKER_NAME: "Forgetful", VIDEO_HEIGHT: 600, VIDEO_WIDTH: 800 };
    const tracker = buildTrackerHead({ TRACKER_HEADS: heads });
    tracker.update(frame(FIRST));
    expect(tracker.update(frame(FIRST)).ID).toEqual([2, 3]);
  });
});

describe("linearSumAssignment", () => {
  it("pairs nothing where there are no rows or no columns", () => {
    for (const shape of [
      [0, 3],
      [3, 0],
    ]) {
      const { rows, columns } = linearSumAssignment(ndarray(new Int32Array(0), shape));
      expect([rows.length, columns.length]).toEqual([0, 0]);
    }
  });
});
