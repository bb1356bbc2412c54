import { Worker } from "node:worker_threads";

import type { Config } from "@detectron-ts/config";
import type { DetectionOutput } from "@detectron-ts/modeling";
import { rowMajorData } from "@detectron-ts/structures";
import type { NdArray } from "ndarray";

import { checkImage } from "../default-predictor.ts";
import { MissingWeightsError, PredictorClosedError, WorkerPredictionError } from "../errors.ts";
import { decodeOutput, type Received } from "./encode-output.ts";
import type { PredictRequest, WorkerReply, WorkerStart } from "./messages.ts";

/** Options of {@link WorkerPredictor.create}. */
export interface WorkerPredictorOptions {
  /** The checkpoint, a path or an address; MODEL.WEIGHTS of the config when left out. */
  readonly weights?: string;
  /**
   * Modules that the thread imports first, by address or package name: those that register parts of your own, which the
   * config names.
   */
  readonly imports?: readonly (string | URL)[];
  /** Options of Node for the thread; those of this process when left out. */
  readonly execArgv?: readonly string[];
}

/** The program lies beside this file, compiled like it or not. */
const PROGRAM = import.meta.url.endsWith(".ts")
  ? new URL("./predictor-worker.ts", import.meta.url)
  : new URL("./predictor-worker.js", import.meta.url);

interface Pending {
  resolve(output: object): void;
  reject(error: Error): void;
}

/**
 * A `DefaultPredictor` on a thread of its own. ONNX Runtime computes on the thread that asks it to, for as long as it takes;
 * a server, say, must go on answering meanwhile.
 *
 * ```ts
 * await using predictor = await WorkerPredictor.create(cfg);
 * const { instances } = await predictor.predict(image);
 * ```
 *
 * Images may be handed over at any time and are looked at one after the other. The thread keeps the process alive until
 * {@link close}.
 *
 * @typeParam Output - what the model yields for an image: instances, unless said otherwise.
 */
export class WorkerPredictor<Output extends object = DetectionOutput> implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #closed = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /**
   * Starts the thread, where the model is built and its checkpoint loaded.
   *
   * @throws MissingWeightsError when no checkpoint is named; WorkerPredictionError when the thread can't make a predictor.
   */
  static async create<Output extends object = DetectionOutput>(
    cfg: Config,
    { weights = cfg.MODEL.WEIGHTS, imports = [], execArgv }: WorkerPredictorOptions = {},
  ): Promise<WorkerPredictor<Output>> {
    if (weights === "") throw new MissingWeightsError();
    const start: WorkerStart = { config: cfg.toJSON(), weights, imports: imports.map(String) };
    const worker = new Worker(PROGRAM, {
      workerData: start,
      ...(execArgv && { execArgv: [...execArgv] }),
    });
    const predictor = new WorkerPredictor<Output>(worker);
    try {
      await predictor.#listen();
    } catch (error) {
      await predictor.close();
      throw error;
    }
    return predictor;
  }

  /**
   * What the model finds in an image; see `DefaultPredictor.predict`. Of a semantic segmentation it is the likeliest class
   * of each pixel: the logits stay in the thread.
   *
   * @throws PredictorImageError; PredictorClosedError after {@link close}; WorkerPredictionError for whatever fails in the
   *   thread.
   */
  async predict(image: NdArray<Uint8Array>): Promise<Received<Output>> {
    checkImage(image);
    if (this.#closed) throw new PredictorClosedError();
    const id = ++this.#lastId;
    const output = new Promise<object>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
    });
    const request: PredictRequest = { id, shape: image.shape, data: rowMajorData(image) };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
    this.#worker.postMessage(request);
    // The model's output has passed through two translations that undo each other.
    return (await output) as Received<Output>;
  }

  /** Ends the thread. What it has not answered fails with PredictorClosedError. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#failAll(new PredictorClosedError());
    await this.#worker.terminate();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Resolves when the thread is ready. */
  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.on("message", (reply: WorkerReply) => {
        if (reply.kind === "ready") resolve();
        else if (reply.kind === "output") this.#take(reply.id)?.resolve(decodeOutput(reply.output));
        else {
          const error = new WorkerPredictionError(reply.error);
          if (reply.id === undefined) reject(error);
          else this.#take(reply.id)?.reject(error);
        }
      });
      this.#worker.on("error", (cause) => {
        const { name, message, stack } = cause instanceof Error ? cause : new Error(String(cause));
        const error = new WorkerPredictionError({ name, message, stack });
        this.#failAll(error);
        reject(error);
      });
      this.#worker.on("exit", () => {
        this.#closed = true;
        this.#failAll(new PredictorClosedError());
        reject(new PredictorClosedError());
      });
    });
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
