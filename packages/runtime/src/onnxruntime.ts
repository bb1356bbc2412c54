/**
 * Everything this project knows about ONNX Runtime's ways; the only file that imports it.
 *
 * - Idle threads of a session's pool spin by default and slow every other session down: spinning is off.
 * - The default thread count ignores container limits: it is always given.
 * - The memory pattern costs memory (training graphs: half a gigabyte) and gains nothing here: off.
 * - Inputs are wrapped without a copy, outputs come as fresh arrays of their own.
 * - `int64` is BigInt64Array and `bool` Uint8Array; both are what tensors hold anyway.
 * - Its install script only fetches CUDA libraries and is never needed for the CPU.
 * - Loading the native library takes a while, so it happens when the first graph is compiled.
 */
import { sizeOf, type DType, type Shape, type TypedArray } from "@detectron-ts/tensor";
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import type { RuntimeOptions } from "./options.ts";

/** A value to feed. */
export interface FeedValue {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TypedArray;
}

/** A value that came out of a session. */
export interface FetchedValue {
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** A compiled graph. */
export interface CompiledSession {
  run(feeds: ReadonlyMap<string, FeedValue>, fetches: readonly string[]): Promise<FetchedValue[]>;
  release(): Promise<void>;
}

type OnnxRuntime = typeof import("onnxruntime-node");

let loading: Promise<OnnxRuntime> | undefined;

function loadOnnxRuntime(): Promise<OnnxRuntime> {
  loading ??= import("onnxruntime-node");
  return loading;
}

// Level 4 is fatal errors only: warnings are about initialisers it folds away, which is what we want of it, and
// errors are thrown anyway.
const LOG_FATAL_ONLY = 4;

function sessionOptions(options: RuntimeOptions, heavy: boolean): InferenceSession.SessionOptions {
  return {
    executionProviders: [...options.executionProviders],
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    intraOpNumThreads: heavy ? options.threads : 1,
    interOpNumThreads: 1,
    enableMemPattern: false,
    enableCpuMemArena: options.memory === "fast",
    logSeverityLevel: LOG_FATAL_ONLY,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  };
}

/**
 * Compiles a model.
 *
 * @param heavy Whether the graph does work that is worth more than one thread.
 */
export async function createSession(
  model: Uint8Array,
  options: RuntimeOptions,
  heavy: boolean,
): Promise<CompiledSession> {
  const ort = await loadOnnxRuntime();
  const session = await ort.InferenceSession.create(model, sessionOptions(options, heavy));
  const toOrt = ({ dtype, shape, data }: FeedValue): OrtTensor =>
    new ort.Tensor(dtype, data as Float32Array, [...shape]) as OrtTensor;
  return {
    async run(feeds, fetches) {
      const inputs: Record<string, OrtTensor> = {};
      for (const [name, value] of feeds) inputs[name] = toOrt(value);
      const outputs = await session.run(inputs, fetches);
      return fetches.map((name) => {
        const { dims, data } = outputs[name];
        return { shape: dims, data: adoptData(data as TypedArray, dims) };
      });
    },
    release: () => session.release(),
  };
}

// An empty output's data may come as an array of another size on some platforms; its shape is right.
function adoptData(data: TypedArray, dims: readonly number[]): TypedArray {
  return data.length === sizeOf(dims) ? data : (data.subarray(0, sizeOf(dims)) as TypedArray);
}
