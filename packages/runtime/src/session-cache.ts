import { writeModel, type OnnxModel } from "@detectron-ts/onnx";
import type { Node } from "@detectron-ts/tensor";
import { SessionError } from "./errors.ts";
import { isHeavy, type KeyedPlan } from "./graph-plan.ts";
import { createSession, type CompiledSession } from "./onnxruntime.ts";
import type { RuntimeOptions } from "./options.ts";
import type { RuntimeCounters } from "./stats.ts";

/** A compiled graph and what its inputs and outputs are called. */
export interface CachedSession extends Omit<OnnxModel, "bytes"> {
  readonly session: CompiledSession;
}

interface Entry {
  readonly compiled: Promise<CachedSession>;
  readonly versions: readonly number[];
  /** Nodes of the variables baked in; when one is collected, its model is gone and the entry is useless. */
  readonly baked: readonly WeakRef<Node>[];
  bytes: number;
  /** Runs that hold the session right now; it is not released before they end. */
  users: number;
  retired: boolean;
}

/**
 * Compiled sessions by the structure of their graphs, bounded in bytes. An entry whose baked variables have
 * changed since is compiled anew; one whose variables are gone is dropped.
 */
export class SessionCache {
  readonly #entries = new Map<string, Entry>();
  readonly #counters: RuntimeCounters;

  constructor(counters: RuntimeCounters) {
    this.#counters = counters;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Bytes of the models of all entries. */
  get bytes(): number {
    let total = 0;
    for (const entry of this.#entries.values()) total += entry.bytes;
    return total;
  }

  /** Runs `use` with the session of a plan, compiling it first when there is none. */
  async use<T>(
    plan: KeyedPlan,
    options: RuntimeOptions,
    use: (session: CachedSession) => Promise<T>,
  ): Promise<T> {
    const entry = this.#find(plan) ?? this.#compile(plan, options);
    entry.users += 1;
    try {
      return await use(await entry.compiled);
    } finally {
      entry.users -= 1;
      if (entry.retired && entry.users === 0) await release(entry);
      this.#evict(options.cacheBytes);
    }
  }

  /** Drops every session; those in use are released when their runs end. */
  async clear(): Promise<void> {
    const entries = [...this.#entries.entries()];
    await Promise.all(entries.map(([key, entry]) => this.#retire(key, entry)));
  }

  #find(plan: KeyedPlan): Entry | undefined {
    const entry = this.#entries.get(plan.key);
    if (entry === undefined) return undefined;
    if (entry.versions.some((version, i) => version !== plan.versions[i])) {
      void this.#retire(plan.key, entry);
      return undefined;
    }
    // Map order is age: moving the entry to the end marks it as the most recently used.
    this.#entries.delete(plan.key);
    this.#entries.set(plan.key, entry);
    this.#counters.hits += 1;
    return entry;
  }

  #compile(plan: KeyedPlan, options: RuntimeOptions): Entry {
    this.#dropOrphans();
    const start = performance.now();
    const compile = async (): Promise<CachedSession> => {
      try {
        const { bytes, ...names } = writeModel(plan);
        entry.bytes = bytes.byteLength;
        const session = await createSession(bytes, options, isHeavy(plan.nodes));
        return { ...names, session };
      } catch (error) {
        this.#entries.delete(plan.key);
        const ops = plan.nodes.map((node) => node.op);
        const feeds = plan.feeds.map((feed, i) => [`f${i}`, feed.shape] as const);
        throw new SessionError("compile", ops, feeds, error);
      } finally {
        this.#counters.compileMs += performance.now() - start;
      }
    };
    const entry: Entry = {
      // Starts after the entry exists: compiling writes the model's size into it.
      compiled: Promise.resolve().then(compile),
      versions: plan.versions,
      baked: plan.baked.map((variable) => new WeakRef(variable.node)),
      bytes: 0,
      users: 0,
      retired: false,
    };
    this.#entries.set(plan.key, entry);
    this.#counters.compilations += 1;
    return entry;
  }

  #dropOrphans(): void {
    for (const [key, entry] of this.#entries) {
      if (entry.baked.some((node) => node.deref() === undefined)) void this.#retire(key, entry);
    }
  }

  #evict(limit: number): void {
    let total = this.bytes;
    for (const [key, entry] of this.#entries) {
      if (total <= limit) return;
      if (entry.users > 0) continue;
      total -= entry.bytes;
      void this.#retire(key, entry);
    }
  }

  async #retire(key: string, entry: Entry): Promise<void> {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    entry.retired = true;
    if (entry.users === 0) await release(entry);
  }
}

async function release(entry: Entry): Promise<void> {
  // A failed compilation has nothing to release; its error went to whoever asked for it.
  const compiled = await entry.compiled.catch(() => undefined);
  await compiled?.session.release();
}
