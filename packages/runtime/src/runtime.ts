import {
  allocate,
  holdsDType,
  pendingNodes,
  savedForBackward,
  sizeOf,
  verifyGraph,
  type Evaluator,
  type HostArray,
  type Node,
  type Tensor,
  type TypedArray,
} from "@detectron-ts/tensor";
import { HostOpError, ResultError, SessionError } from "./errors.ts";
import { planGraph, splitAroundHostOps, type KeyedPlan, type Stage } from "./graph-plan.ts";
import { liftedFeed } from "./lifted-feed.ts";
import type { FeedValue } from "./onnxruntime.ts";
import { defaultRuntimeOptions, mergeRuntimeOptions, type RuntimeOptions } from "./options.ts";
import { SessionCache, type CachedSession } from "./session-cache.ts";
import { RuntimeCounters, type RuntimeStats } from "./stats.ts";

/**
 * Computes tensors by compiling their graphs to ONNX Runtime sessions. Sessions are cached by structure:
 * the same operations on other sizes, or other values, compile nothing new.
 */
export class Runtime implements Evaluator {
  readonly #counters = new RuntimeCounters();
  readonly #cache = new SessionCache(this.#counters);
  #options = defaultRuntimeOptions();

  get options(): RuntimeOptions {
    return this.#options;
  }

  /**
   * Changes options. What has been compiled is dropped, as it may have been compiled for others.
   *
   * @throws RuntimeOptionError for a value that cannot be used; nothing is changed.
   */
  async configure(options: Partial<RuntimeOptions>): Promise<void> {
    this.#options = mergeRuntimeOptions(this.#options, options);
    await this.clear();
  }

  /** What has been compiled and run since the last {@link resetStats}. */
  stats(): RuntimeStats {
    return this.#counters.snapshot(this.#cache.size, this.#cache.bytes);
  }

  /** Sets all counters to zero. */
  resetStats(): void {
    this.#counters.reset();
  }

  /** Releases every compiled session. Later runs compile anew. */
  clear(): Promise<void> {
    return this.#cache.clear();
  }

  /**
   * Computes tensors, and keeps what a later `backward()` through them will need.
   *
   * @throws SessionError when ONNX Runtime refuses the graph.
   */
  async realize(tensors: readonly Tensor[]): Promise<void> {
    const start = performance.now();
    const wanted = [...tensors, ...savedForBackward(tensors)];
    if (this.#options.verify) verifyGraph(...wanted);
    const nodes = pendingNodes(wanted);
    const stages = splitAroundHostOps(nodes);
    const fetches = fetchesByStage(stages, wanted);
    for (const [i, stage] of stages.entries()) {
      await this.#runDevice(stage.device, fetches[i]);
      for (const node of stage.host) this.#runHostOp(node);
    }
    this.#counters.realizeMs += performance.now() - start;
  }

  async #runDevice(nodes: readonly Node[], fetches: readonly Tensor[]): Promise<void> {
    if (fetches.length === 0) return;
    // Nothing to compute: also spares kernels the sizes they do not expect.
    if (fetches.every((tensor) => tensor.size === 0)) {
      for (const { node, index, dtype } of fetches) node.settle(index, allocate(dtype, 0));
      return;
    }
    const plan = planGraph(nodes, fetches, this.#options.bakedBytes);
    await this.#cache.use(plan, this.#options, (session) => this.#runSession(session, plan));
  }

  async #runSession(cached: CachedSession, plan: KeyedPlan): Promise<void> {
    const feeds = new Map<string, FeedValue>();
    for (const [i, feed] of plan.feeds.entries()) {
      const { dtype, shape } = feed;
      feeds.set(cached.feedNames[i], { dtype, shape, data: feed.dataSync() });
    }
    for (const { input, node, name } of cached.liftedNames) {
      feeds.set(input, liftedFeed(plan.nodes[node], name));
    }
    const start = performance.now();
    try {
      const values = await cached.session.run(feeds, cached.fetchNames);
      for (const [i, { node, index, shape }] of plan.fetches.entries()) {
        const value = values[i];
        if (
          value.shape.length !== shape.length ||
          value.shape.some((side, a) => side !== shape[a])
        ) {
          throw new ResultError(node.op, shape, value.shape);
        }
        node.settle(index, value.data);
      }
    } catch (error) {
      if (error instanceof ResultError) throw error;
      const ops = plan.nodes.map((node) => node.op);
      throw new SessionError(
        "run",
        ops,
        [...feeds].map(([name, { shape }]) => [name, shape]),
        error,
      );
    } finally {
      this.#counters.runs += 1;
      this.#counters.onnxRuntimeMs += performance.now() - start;
    }
  }

  #runHostOp(node: Node<"host">): void {
    const start = performance.now();
    const inputs: HostArray[] = node.inputs.map((input) => ({
      shape: input.shape,
      dtype: input.dtype,
      data: input.dataSync(),
    }));
    const { name, forward } = node.attrs.definition;
    const results = forward(inputs);
    for (const [index, { shape, dtype }] of node.outputs.entries()) {
      const result: TypedArray | undefined = results[index];
      if (result === undefined || result.length !== sizeOf(shape) || !holdsDType(result, dtype)) {
        throw new HostOpError(name, index, dtype, shape, result);
      }
      node.settle(index, result);
    }
    this.#counters.hostOpMs += performance.now() - start;
  }
}

/** For each stage, the tensors of its device nodes that are wanted after it: each once, in a fixed order. */
function fetchesByStage(stages: readonly Stage[], wanted: readonly Tensor[]): Tensor[][] {
  const stageOf = new Map<Node, number>();
  for (const [i, { device }] of stages.entries()) for (const node of device) stageOf.set(node, i);
  const fetches: Tensor[][] = stages.map(() => []);
  const seen = new Set<string>();
  const fetch = (tensor: Tensor): void => {
    const stage = stageOf.get(tensor.node);
    const name = `${tensor.node.id}.${tensor.index}`;
    if (stage === undefined || tensor.realized || seen.has(name)) return;
    seen.add(name);
    fetches[stage].push(tensor);
  };
  for (const tensor of wanted) fetch(tensor);
  for (const [i, { device, host }] of stages.entries()) {
    for (const node of [...device, ...host]) {
      for (const input of node.inputs) {
        const crosses = node.op === "host" || stageOf.get(input.node) !== i;
        if (crosses || input.node.keptOutputs.has(input.index)) fetch(input);
      }
    }
  }
  return fetches;
}
