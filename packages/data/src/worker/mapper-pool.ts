import { Worker } from "node:worker_threads";
import type { Generator } from "@detectron-ts/nn";

import type { DatasetDict } from "../dataset-dict.ts";
import { WorkerExitError } from "../errors.ts";
import type { MappedInput } from "../mapper/dataset-mapper.ts";
import type { MapperSource } from "../mapper/mapper-source.ts";
import { decodeError } from "./encode-error.ts";
import { decodeValue } from "./encode-value.ts";
import type { WorkerReply, WorkerRequest } from "./messages.ts";

/** In a checkout the threads run the sources, as whoever imports this file does. */
const FROM_SOURCE = import.meta.url.endsWith(".ts");
const PROGRAM = FROM_SOURCE
  ? new URL("./from-source.mjs", import.meta.url)
  : new URL("./mapper-worker.js", import.meta.url);

/** How long a thread may take to finish its image when it is to end, in milliseconds. */
const CLOSING_TIME = 2_000;

/** Options of {@link MapperPool}. */
export interface MapperPoolOptions {
  readonly source: MapperSource;
  /** Number of threads. */
  readonly size: number;
  /** Options of Node for the threads; those of this process when left out. */
  readonly execArgv?: readonly string[];
}

/** Images that a thread has at once: one is decoded while another is augmented. */
const IMAGES_PER_THREAD = 2;

/** An image that waits for a thread, or for its result. */
interface Job {
  readonly dict: DatasetDict;
  readonly random: Generator | undefined;
  resolve(input: MappedInput): void;
  reject(error: Error): void;
}

/**
 * Threads that map images. Memory of what they are mapped to is handed over, not copied. The threads keep the process alive
 * only while there is something to map. When one of them fails, all end.
 */
export class MapperPool {
  readonly #threads: readonly MapperThread[];
  readonly #queue: Job[] = [];
  /** Why nothing can be mapped any more. */
  #failure: Error | undefined;

  constructor({ source: { module, ...source }, size, execArgv }: MapperPoolOptions) {
    const workerData: MapperSource = { ...source, module: String(module) };
    const options =
      execArgv ?? (FROM_SOURCE ? ["--conditions", "@detectron-ts/source"] : undefined);
    this.#threads = Array.from({ length: size }, () => {
      const worker = new Worker(PROGRAM, {
        workerData,
        ...(options && { execArgv: [...options] }),
      });
      return new MapperThread(worker, {
        onFree: () => this.#assign(),
        onFailure: (error) => this.#fail(error),
      });
    });
  }

  /**
   * Maps an image as the mapper would in this thread; `random` moves on as if the augmentations had drawn from it.
   *
   * @throws whatever the mapper throws, of the same class where it is known here, else a WorkerError; MapperSourceError when
   *   threads cannot make the mapper; WorkerExitError when a thread has ended.
   */
  map(dict: DatasetDict, random?: Generator): Promise<MappedInput> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#queue.push({ dict, random, resolve, reject });
      this.#assign();
    });
  }

  /** Ends the threads, each after the image it is at. What is not mapped yet fails with WorkerExitError. */
  async close(): Promise<void> {
    this.#fail(new WorkerExitError("The loader has been closed"));
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  /** Gives images to threads that have room for them, the least busy first. */
  #assign(): void {
    while (this.#queue.length > 0) {
      const thread = this.#threads.reduce((a, b) => (b.numJobs < a.numJobs ? b : a));
      if (thread.numJobs >= IMAGES_PER_THREAD) return;
      const job = this.#queue.shift();
      if (job) thread.run(job);
    }
  }

  /** The first reason stays. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const job of this.#queue.splice(0)) job.reject(this.#failure);
    for (const thread of this.#threads) thread.rejectAll(this.#failure);
  }
}

/** What a thread tells its pool. */
interface ThreadEvents {
  /** There is room for another image. */
  onFree(): void;
  onFailure(error: Error): void;
}

class MapperThread {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #jobs = new Map<number, Job>();
  #lastId = 0;
  #hasExited = false;

  constructor(worker: Worker, { onFree, onFailure }: ThreadEvents) {
    this.#worker = worker;
    worker.unref();
    worker.on("message", (reply: WorkerReply) => {
      if (reply.kind === "unusable") onFailure(decodeError(reply.error));
      else this.#receive(reply);
      onFree();
    });
    worker.on("messageerror", (cause) => onFailure(failureOf(cause)));
    worker.on("error", (cause) => onFailure(failureOf(cause)));
    this.#exited = new Promise((resolve) => {
      worker.on("exit", (code) => {
        this.#hasExited = true;
        onFailure(new WorkerExitError(`A thread of the loader ended with code ${code}`));
        resolve();
      });
    });
  }

  /** Number of images that this thread has not mapped yet. */
  get numJobs(): number {
    return this.#jobs.size;
  }

  run(job: Job): void {
    const { dict, random } = job;
    const id = ++this.#lastId;
    try {
      this.#post({ kind: "map", id, dict, ...(random && { random: random.state }) });
    } catch (error) {
      // The dataset's entry holds something that cannot be sent.
      job.reject(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    this.#jobs.set(id, job);
    this.#worker.ref();
  }

  rejectAll(error: Error): void {
    for (const id of this.#jobs.keys()) this.#take(id)?.reject(error);
  }

  async close(): Promise<void> {
    if (this.#hasExited) return;
    this.#worker.ref();
    this.#post({ kind: "close" });
    const timer = setTimeout(() => void this.#worker.terminate(), CLOSING_TIME);
    await this.#exited;
    clearTimeout(timer);
  }

  #post(request: WorkerRequest): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
    this.#worker.postMessage(request);
  }

  #receive(reply: Exclude<WorkerReply, { kind: "unusable" }>): void {
    const job = this.#take(reply.id);
    if (!job) return;
    if (job.random && reply.random) job.random.state = reply.random;
    if (reply.kind === "failed") job.reject(decodeError(reply.error, job.dict.fileName));
    // Taken apart by the thread and put together again, it is what the mapper returned.
    else job.resolve(decodeValue(reply.input) as MappedInput);
  }

  #take(id: number): Job | undefined {
    const job = this.#jobs.get(id);
    this.#jobs.delete(id);
    if (this.#jobs.size === 0) this.#worker.unref();
    return job;
  }
}

function failureOf(cause: unknown): WorkerExitError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new WorkerExitError(`A thread of the loader failed: ${reason}`, { cause });
}
