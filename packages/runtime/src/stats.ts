/** What the runtime has done so far. */
export interface RuntimeStats {
  /** Sessions alive. */
  readonly sessions: number;
  /** Bytes of the models they were compiled from. */
  readonly bytes: number;
  /** Graphs compiled. */
  readonly compilations: number;
  /** Runs that found their session in the cache. */
  readonly hits: number;
  /** Sessions run. */
  readonly runs: number;
  /** Milliseconds inside ONNX Runtime's runs. */
  readonly onnxRuntimeMs: number;
  /** Milliseconds of compiling. */
  readonly compileMs: number;
  /** Milliseconds in host operations. */
  readonly hostOpMs: number;
  /** Milliseconds of planning, feeding and bookkeeping: all of realising but the three above. */
  readonly overheadMs: number;
}

/** The counters behind {@link RuntimeStats}. */
export class RuntimeCounters {
  compilations = 0;
  hits = 0;
  runs = 0;
  onnxRuntimeMs = 0;
  compileMs = 0;
  hostOpMs = 0;
  realizeMs = 0;

  reset(): void {
    Object.assign(this, new RuntimeCounters());
  }

  snapshot(sessions: number, bytes: number): RuntimeStats {
    const { compilations, hits, runs, onnxRuntimeMs, compileMs, hostOpMs } = this;
    const overheadMs = this.realizeMs - onnxRuntimeMs - compileMs - hostOpMs;
    return {
      sessions,
      bytes,
      compilations,
      hits,
      runs,
      onnxRuntimeMs,
      compileMs,
      hostOpMs,
      overheadMs,
    };
  }
}
