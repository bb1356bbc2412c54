import {
  EventImageError,
  EventStorage,
  getEventStorage,
  hasEventStorage,
  HistogramError,
  NoEventStorageError,
  SmoothingHintError,
  UnknownScalarError,
} from "@detectron-ts/events";
import ndarray from "ndarray";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";

describe("the current storage", () => {
  it("is the one in use, and none outside", () => {
    expect(hasEventStorage()).toBe(false);
    expect(() => getEventStorage()).toThrow(NoEventStorageError);
    {
      using outer = new EventStorage(10);
      expect(getEventStorage()).toBe(outer);
      {
        using inner = new EventStorage();
        expect(getEventStorage()).toBe(inner);
      }
      expect(getEventStorage()).toBe(outer);
      expect(outer.iter).toBe(10);
    }
    expect(() => getEventStorage()).toThrow(NoEventStorageError);
  });

  it("is each task's own across await", async () => {
    async function train(name: string, pause: number): Promise<EventStorage> {
      using storage = new EventStorage();
      for (let i = 0; i < 3; i++) {
        await setTimeout(pause);
        getEventStorage().putScalar(name, i);
        storage.step();
      }
      return storage;
    }
    const [first, second] = await Promise.all([train("first", 3), train("second", 2)]);
    expect([...first.latest().keys()]).toEqual(["first"]);
    expect([...second.latest().keys()]).toEqual(["second"]);
    expect(hasEventStorage()).toBe(false);
  });

  it("is gone for a caller that awaited the task which made it", async () => {
    async function scoped(): Promise<void> {
      using storage = new EventStorage();
      await setTimeout(1);
      storage.putScalar("x", 1);
    }
    await scoped();
    expect(hasEventStorage()).toBe(false);
  });

  it("is gone after an exception", async () => {
    async function fails(): Promise<void> {
      using storage = new EventStorage();
      await setTimeout(1);
      throw new RangeError(String(storage.iter));
    }
    await expect(fails()).rejects.toThrow(RangeError);
    expect(hasEventStorage()).toBe(false);
  });

  it("is the one whose run() a function is in, sync or async", async () => {
    const storage = new EventStorage();
    storage[Symbol.dispose]();
    expect(storage.run(() => getEventStorage())).toBe(storage);
    const later = await storage.run(async () => {
      await setTimeout(1);
      return getEventStorage();
    });
    expect(later).toBe(storage);
    expect(hasEventStorage()).toBe(false);
  });
});

describe("EventStorage", () => {
  it("smooths over iterations, however often a scalar is recorded", () => {
    using storage = new EventStorage();
    const samples: number[][] = [];
    const medians: (number | undefined)[][] = [];
    const names = ["every1", "every2", "every5"];
    for (let i = 0; i < 20; i++) {
      storage.putScalar("every1", i);
      if (i % 2 === 1) storage.putScalar("every2", i);
      if (i % 5 === 4) storage.putScalar("every5", i);
      storage.step();
      if (i % 10 !== 9) continue;
      const smoothed = storage.latestWithSmoothingHint(10);
      samples.push(names.map((name) => storage.history(name).countSamples(10)));
      medians.push(names.map((name) => smoothed.get(name)?.value));
    }
    expect(samples).toEqual([
      [10, 5, 2],
      [10, 5, 2],
    ]);
    expect(medians).toEqual([
      [4.5, 5, 6.5],
      [14.5, 15, 16.5],
    ]);
  });

  it("leaves scalars without a smoothing hint as they are", () => {
    using storage = new EventStorage(7);
    storage.putScalars({ lr: 0.1, eta: 5 }, { smoothingHint: false });
    storage.putScalar("lr", 0.2, { smoothingHint: false, iter: 9 });
    expect(storage.latestWithSmoothingHint().get("lr")).toEqual({ value: 0.2, iter: 9 });
    expect(storage.latest().get("eta")).toEqual({ value: 5, iter: 7 });
    expect(storage.smoothingHints().get("lr")).toBe(false);
  });

  it("refuses a hint that contradicts an earlier one, and records nothing then", () => {
    using storage = new EventStorage();
    storage.putScalar("loss", 1);
    expect(() => storage.putScalar("loss", 2, { smoothingHint: false })).toThrow(
      SmoothingHintError,
    );
    expect(storage.history("loss").length).toBe(1);
  });

  it("names the scalars there are when asked for another", () => {
    using storage = new EventStorage();
    storage.putScalar("loss", 1);
    expect(() => storage.history("lost")).toThrow(UnknownScalarError);
    expect(() => storage.history("lost")).toThrow(/there are: loss/);
  });

  it("replaces a name scope by an inner one and comes back to it", () => {
    using storage = new EventStorage();
    {
      using _stage = storage.nameScope("stage0/");
      storage.putScalar("a", 1);
      {
        using _inner = storage.nameScope("inner");
        storage.putScalar("b", 1);
      }
      storage.putScalar("c", 1);
    }
    storage.putScalar("d", 1);
    expect([...storage.latest().keys()]).toEqual(["stage0/a", "inner/b", "stage0/c", "d"]);
  });

  it("calls deferred recordings when settled, once, in order and in the scope they were made in", async () => {
    using storage = new EventStorage(4);
    {
      using _stage = storage.nameScope("stage0");
      storage.defer(() => storage.putScalar("accuracy", 0.5));
    }
    storage.defer(async () => {
      await setTimeout(1);
      storage.putScalar("accuracy", 0.75);
    });
    expect(storage.latest().size).toBe(0);

    using _trainer = storage.nameScope("trainer");
    await storage.settle();
    await storage.settle();
    storage.putScalar("loss", 1);
    expect([...storage.latest()]).toEqual([
      ["stage0/accuracy", { value: 0.5, iter: 4 }],
      ["accuracy", { value: 0.75, iter: 4 }],
      ["trainer/loss", { value: 1, iter: 4 }],
    ]);
    expect(storage.history("accuracy").length).toBe(1);
  });

  it.each([
    ["goes on to the next", (storage: EventStorage) => storage.step()],
    ["is begun again", (storage: EventStorage) => void (storage.iter = 4)],
  ])("drops recordings nobody settled when the iteration %s", async (_, change) => {
    using storage = new EventStorage(4);
    storage.defer(() => storage.putScalar("ofFailedStep", 1));
    change(storage);
    storage.defer(() => storage.putScalar("ofNextStep", 1));
    await storage.settle();
    expect([...storage.latest().keys()]).toEqual(["ofNextStep"]);
  });

  it("drops recordings nobody settled when it is disposed of, and with them what they hold", async () => {
    const storage = new EventStorage();
    storage.defer(() => storage.putScalar("never", 1));
    storage[Symbol.dispose]();
    await storage.settle();
    expect(storage.latest().size).toBe(0);
  });

  it("hands on the failure of a deferred recording, with those after it dropped and the scope as it was", async () => {
    using storage = new EventStorage();
    {
      using _stage = storage.nameScope("stage0");
      storage.defer(() => Promise.reject(new RangeError("no such class")));
    }
    storage.defer(() => storage.putScalar("after", 1));
    await expect(storage.settle()).rejects.toThrow("no such class");
    await storage.settle();
    storage.putScalar("next", 1);
    expect([...storage.latest().keys()]).toEqual(["next"]);
  });

  it("copies images as 8-bit pixels, from strided arrays too", () => {
    using storage = new EventStorage(3);
    const chw = ndarray(Uint8Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3]);
    storage.putImage("transposed", chw.transpose(0, 2, 1));
    storage.putImage("floats", { data: Float32Array.of(-1, 0.5, 2), shape: [3, 1, 1] });
    const [transposed, floats] = storage.images();
    expect(transposed).toMatchObject({ name: "transposed", iter: 3 });
    expect(transposed.pixels).toEqual({
      height: 3,
      width: 2,
      channels: 1,
      data: Uint8Array.of(1, 4, 2, 5, 3, 6),
    });
    expect([...floats.pixels.data]).toEqual([0, 127, 255]);
    storage.clearImages();
    expect(storage.images()).toEqual([]);
  });

  it("refuses images of another shape, without pixels, or with too few values", () => {
    using storage = new EventStorage();
    const data = new Uint8Array(12);
    for (const shape of [
      [2, 2, 3],
      [3, 4],
      [3, 0, 4],
      [3, 5, 5],
    ]) {
      expect(() => storage.putImage("x", { data, shape })).toThrow(EventImageError);
    }
  });

  it("counts histograms with the largest value in the last interval", () => {
    using storage = new EventStorage(2);
    storage.putHistogram("weights", Float32Array.of(0, 1, 2, 3, 4, 4), { bins: 4 });
    expect(storage.histograms()).toEqual([
      {
        name: "weights",
        iter: 2,
        histogram: {
          min: 0,
          max: 4,
          num: 6,
          sum: 14,
          sumSquares: 46,
          bucketLimits: [1, 2, 3, 4],
          bucketCounts: [1, 1, 1, 3],
        },
      },
    ]);
  });

  it("spans 1 to either side of values that are all equal", () => {
    using storage = new EventStorage();
    storage.putHistogram("constant", [5, 5, 5], { bins: 2 });
    expect(storage.histograms()[0].histogram).toMatchObject({
      min: 5,
      max: 5,
      bucketLimits: [5, 6],
      bucketCounts: [0, 3],
    });
  });

  it("refuses histograms of nothing, of NaN, and without bins", () => {
    using storage = new EventStorage();
    expect(() => storage.putHistogram("x", [])).toThrow(HistogramError);
    expect(() => storage.putHistogram("x", [1, Number.NaN])).toThrow(/NaN at 1/);
    expect(() => storage.putHistogram("x", [1], { bins: 0 })).toThrow(HistogramError);
  });
});
