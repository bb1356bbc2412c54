import { runtime } from "@detectron-ts/runtime";

/** What one stage of a run cost. */
export interface StageTime {
  readonly stage: string;
  /** Wall-clock milliseconds. */
  readonly totalMs: number;
  /** Milliseconds of these inside ONNX Runtime. */
  readonly onnxRuntimeMs: number;
  /** Sessions run. */
  readonly runs: number;
  /** Sessions compiled. */
  readonly compilations: number;
}

/** Times the stages of one run by what the runtime's counters say before and after each. */
export class StageTimer {
  readonly stages: StageTime[] = [];

  async time<T>(stage: string, body: () => T | Promise<T>): Promise<T> {
    const before = runtime.stats();
    const start = performance.now();
    const result = await body();
    const totalMs = performance.now() - start;
    const after = runtime.stats();
    this.stages.push({
      stage,
      totalMs,
      onnxRuntimeMs: after.onnxRuntimeMs - before.onnxRuntimeMs,
      runs: after.runs - before.runs,
      compilations: after.compilations - before.compilations,
    });
    return result;
  }
}

/** The middle one of several numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** For each stage, the run whose total time is the median. */
export function medianStages(runs: readonly (readonly StageTime[])[]): StageTime[] {
  return runs[0].map((_, stage) => {
    const times = runs.map((run) => run[stage]).toSorted((a, b) => a.totalMs - b.totalMs);
    return times[times.length >> 1];
  });
}
