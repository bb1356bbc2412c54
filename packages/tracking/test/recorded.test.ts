import { readFileSync } from "node:fs";

import { Boxes, type ImageSize, Instances } from "@detectron-ts/structures";
import { buildTrackerHead, linearSumAssignment } from "@detectron-ts/tracking";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

interface RecordedFrame {
  readonly ID: readonly number[];
  readonly ID_period: readonly number[];
  readonly lost_frame_count: readonly number[];
  readonly scores: readonly number[];
}

interface RecordedCase {
  readonly tracker: string;
  /** By detectron2's names. */
  readonly settings: Readonly<Record<string, number>>;
  readonly sequence: string;
  readonly frames: readonly RecordedFrame[];
}

interface Recording {
  readonly imageSize: ImageSize;
  /** Boxes of each frame. */
  readonly sequences: Readonly<Record<string, readonly (readonly (readonly number[])[])[]>>;
  readonly cases: readonly RecordedCase[];
  readonly assignments: readonly {
    readonly shape: readonly [number, number];
    readonly costs: readonly number[];
    readonly rows: readonly number[];
    readonly columns: readonly number[];
  }[];
}

const recording: Recording = JSON.parse(
  readFileSync(new URL("golden/tracking.json", import.meta.url), "utf8"),
);

describe("trackers number the instances of made videos as detectron2's do", () => {
  const named = recording.cases.map((recorded) => ({
    ...recorded,
    with: Object.entries(recorded.settings).join(", ").replaceAll(",", " ") || "defaults",
  }));

  it.each(named)("$tracker: $sequence with $with", ({ tracker, settings, sequence, frames }) => {
    const [height, width] = recording.imageSize;
    const keys = Object.entries(settings).map(([name, value]) => [name.toUpperCase(), value]);
    const head = buildTrackerHead({
      TRACKER_HEADS: {
        TRACKER_NAME: tracker,
        VIDEO_HEIGHT: height,
        VIDEO_WIDTH: width,
        ...Object.fromEntries(keys),
      },
    });
    const boxes = recording.sequences[sequence].map((rows) => new Boxes(rows));
    for (const [t, recorded] of frames.entries()) {
      const scores = Float32Array.from(boxes[t], (_, row) => t + row / 8);
      const tracked = head.update(
        new Instances(recording.imageSize, { predBoxes: boxes[t].clone(), scores }),
      );
      expect({
        ID: tracked.ID,
        ID_period: tracked.IDPeriod,
        lost_frame_count: tracked.lostFrameCount,
        scores: [...tracked.scores],
      }).toEqual(recorded);
      // The score says of which frame and row the box is.
      const origins = recorded.scores.map((score) =>
        boxes[Math.floor(score)].select((score % 1) * 8),
      );
      expect(tracked.predBoxes.data).toEqual(Boxes.cat(origins).data);
    }
  });
});

describe("linearSumAssignment", () => {
  it("assigns as scipy does, also where many costs are equal", () => {
    expect(recording.assignments).toHaveLength(280);
    for (const { shape, costs, rows, columns } of recording.assignments) {
      const assignment = linearSumAssignment(ndarray(Float64Array.from(costs), [...shape]));
      expect([...assignment.rows]).toEqual(rows);
      expect([...assignment.columns]).toEqual(columns);
    }
  });
});
