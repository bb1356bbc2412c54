import { afterEach, describe, expect, it, vi } from "vitest";

import {
  DatasetEvaluators,
  DuplicateResultError,
  inferenceOnDataset,
  OutputLengthError,
  type DatasetEvaluator,
  type EvaluationResults,
  type InferenceProgress,
} from "../src/index.ts";

/** Adds up what it is given. */
class SumEvaluator implements DatasetEvaluator<number, number> {
  readonly calls: string[] = [];
  readonly #task: string;
  #sum = 0;

  constructor(task = "sum") {
    this.#task = task;
  }

  reset(): void {
    this.calls.push("reset");
    this.#sum = 0;
  }

  process(inputs: readonly number[], outputs: readonly number[]): void {
    this.calls.push(`process ${inputs.join(" ")}`);
    for (const output of outputs) this.#sum += output;
  }

  evaluate(): EvaluationResults {
    return { [this.#task]: { total: this.#sum } };
  }
}

class DoublingModel {
  training = true;
  readonly modes: boolean[] = [];

  train(mode = true): this {
    this.training = mode;
    return this;
  }

  inference(inputs: readonly number[]): Promise<number[]> {
    this.modes.push(this.training);
    if (inputs.includes(13)) return Promise.reject(new Error("unlucky"));
    return Promise.resolve(inputs.map((value) => 2 * value));
  }
}

afterEach(() => {
  vi.useRealTimers();
});

async function* batches(): AsyncGenerator<number[]> {
  yield [1, 2];
  yield [3];
}

describe("inferenceOnDataset", () => {
  it("resets the evaluator, gives it every batch, and returns its results", async () => {
    const evaluator = new SumEvaluator();
    const results = await inferenceOnDataset(new DoublingModel(), batches(), evaluator);
    expect(results).toEqual({ sum: { total: 12 } });
    expect(evaluator.calls).toEqual(["reset", "process 1 2", "process 3"]);
  });

  it("runs the model in inference mode and restores its mode, also after an error", async () => {
    const model = new DoublingModel();
    await inferenceOnDataset(model, [[1], [2]], undefined);
    expect(model.modes).toEqual([false, false]);
    expect(model.training).toBe(true);
    await expect(inferenceOnDataset(model, [[13]], undefined)).rejects.toThrow("unlucky");
    expect(model.training).toBe(true);
    model.train(false);
    await inferenceOnDataset(model, [[1]], undefined);
    expect(model.training).toBe(false);
  });

  it("takes a function for a model", async () => {
    const negate = (inputs: readonly number[]) => inputs.map((value) => -value);
    const results = await inferenceOnDataset(negate, batches(), new SumEvaluator());
    expect(results).toEqual({ sum: { total: -6 } });
  });

  it("is empty without an evaluator, or when it has no results", async () => {
    const identity = (inputs: readonly number[]) => inputs;
    expect(await inferenceOnDataset(identity, batches(), undefined)).toEqual({});
    const silent: DatasetEvaluator<number, number> = {
      reset: () => {},
      process: () => {},
      evaluate: () => undefined,
    };
    expect(await inferenceOnDataset(identity, batches(), silent)).toEqual({});
  });

  it("reports its progress after every batch, its times without the first five", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const progress: InferenceProgress[] = [];
    let batch = 0;
    const model = (inputs: readonly number[]) => {
      vi.advanceTimersByTime(batch++ < 5 ? 2000 : 500);
      return inputs;
    };
    const list = Array.from({ length: 12 }, (_, i) => [i, i]);
    await inferenceOnDataset(model, list, undefined, { onProgress: (now) => progress.push(now) });
    expect(progress.map(({ done }) => done)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(progress.map(({ images }) => images)).toEqual(progress.map(({ done }) => 2 * done));
    const times = { dataSeconds: 0, evalSeconds: 0 };
    expect(progress[4]).toMatchObject({ ...times, computeSeconds: 2, secondsPerBatch: 2 });
    expect(progress[5]).toMatchObject({ ...times, computeSeconds: 0.5, etaSeconds: 3 });
    expect(progress[11]).toMatchObject({ ...times, computeSeconds: 0.5, etaSeconds: 0 });
    expect(progress.every(({ total }) => total === 12)).toBe(true);
  });

  it("knows no total of a loader without a length", async () => {
    const progress: InferenceProgress[] = [];
    const identity = (inputs: readonly number[]) => inputs;
    await inferenceOnDataset(identity, batches(), undefined, {
      onProgress: (now) => progress.push(now),
    });
    expect(progress.at(-1)).toMatchObject({ done: 2, total: undefined, etaSeconds: undefined });
  });

  it("refuses another number of outputs than inputs", async () => {
    await expect(inferenceOnDataset(() => [], batches(), undefined)).rejects.toThrow(
      OutputLengthError,
    );
  });
});

describe("DatasetEvaluators", () => {
  it("hands everything to each evaluator and joins the results", async () => {
    const [first, second] = [new SumEvaluator("a"), new SumEvaluator("b")];
    const evaluators = new DatasetEvaluators([first, second]);
    const results = await inferenceOnDataset(new DoublingModel(), [[1], [2]], evaluators);
    expect(results).toEqual({ a: { total: 6 }, b: { total: 6 } });
    expect(first.calls).toEqual(second.calls);
  });

  it("refuses two results of one name", async () => {
    const evaluators = new DatasetEvaluators([new SumEvaluator(), new SumEvaluator()]);
    await expect(evaluators.evaluate()).rejects.toThrow(DuplicateResultError);
  });

  it("has no results without evaluators", async () => {
    expect(await new DatasetEvaluators([]).evaluate()).toEqual({});
  });
});
