import type { Node, Tensor, TypedArray } from "@detectron-ts/tensor";
import { writeModel, type GraphPlan, type OnnxModel } from "../../src/index.ts";
// oxlint-disable-next-line no-restricted-imports -- these tests are of what ONNX Runtime makes of the bytes
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";

/** A tensor's value, as plain numbers for comparisons. */
export interface Value {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: number[];
}

/** The plan that computes `fetches`: constants are fed, parameters baked in. */
export function planOf(...fetches: readonly Tensor[]): GraphPlan {
  const seen = new Set<Node>();
  const nodes: Node[] = [];
  const feeds: Tensor[] = [];
  const baked: Tensor[] = [];
  const visit = (tensor: Tensor): void => {
    if (seen.has(tensor.node)) return;
    seen.add(tensor.node);
    if (tensor.node.op === "constant") feeds.push(tensor);
    else if (tensor.node.op === "parameter") baked.push(tensor);
    else {
      for (const input of tensor.node.inputs) visit(input);
      nodes.push(tensor.node);
    }
  };
  for (const fetch of fetches) visit(fetch);
  return { nodes, feeds, baked, fetches };
}

function ortTensor(dtype: string, data: TypedArray, shape: readonly number[]): OrtTensor {
  return new OrtTensor(dtype as "float32", data as Float32Array, [...shape]);
}

/** Values for every input of a model that `plan` was written to, or a plan of the same structure. */
function feedsOf(plan: GraphPlan, model: OnnxModel): Record<string, OrtTensor> {
  const feeds: Record<string, OrtTensor> = {};
  for (const [i, feed] of plan.feeds.entries()) {
    feeds[model.feedNames[i]!] = ortTensor(feed.dtype, feed.dataSync(), feed.shape);
  }
  for (const { input, node, name } of model.liftedNames) {
    const value = new Map(plan.nodes[node]!.liftedValues()).get(name)!;
    feeds[input] =
      typeof value === "number"
        ? ortTensor("float32", Float32Array.of(value), [])
        : ortTensor("int64", BigInt64Array.from(value, BigInt), [value.length]);
  }
  return feeds;
}

/** Lets ONNX Runtime check and compile a model; it throws when it finds the model invalid. */
export function createSession({ bytes }: OnnxModel): Promise<InferenceSession> {
  return InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 2 });
}

/** A compiled model that serves every plan of its structure. */
export class Compiled {
  readonly #model: OnnxModel;
  readonly #session: InferenceSession;

  private constructor(model: OnnxModel, session: InferenceSession) {
    this.#model = model;
    this.#session = session;
  }

  static async of(...fetches: readonly Tensor[]): Promise<Compiled> {
    const model = writeModel(planOf(...fetches));
    return new Compiled(model, await createSession(model));
  }

  /** Computes tensors of the same structure, whatever their sizes. */
  async run(...fetches: readonly Tensor[]): Promise<Value[]> {
    const plan = planOf(...fetches);
    if (!Buffer.from(writeModel(plan).bytes).equals(Buffer.from(this.#model.bytes))) {
      throw new Error("the graph is of another structure than the compiled one");
    }
    const results = await this.#session.run(feedsOf(plan, this.#model));
    return this.#model.fetchNames.map((name, i) => {
      const result = results[name]!;
      const values = Array.from(result.data as TypedArray, Number);
      // ONNX Runtime says what it made; the graph says what it should have been.
      if (result.type !== fetches[i]!.dtype || `${result.dims}` !== `${fetches[i]!.shape}`) {
        throw new Error(
          `got ${result.type}[${result.dims}], wanted ${fetches[i]!.dtype}[${fetches[i]!.shape}]`,
        );
      }
      return { shape: result.dims, dtype: result.type, data: values };
    });
  }
}

/** Compiles and computes. */
export async function evaluate(...fetches: readonly Tensor[]): Promise<Value[]> {
  return (await Compiled.of(...fetches)).run(...fetches);
}
