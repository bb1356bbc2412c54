import { fromBinary } from "@bufbuild/protobuf";
import {
  arange,
  conv2d,
  hostOp,
  linear,
  matmul,
  ones,
  Parameter,
  tensor,
  topk,
  zeros,
  type Node,
  type Tensor,
} from "@detectron-ts/tensor";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { LoweringError, ModelSizeError, PlanError, writeModel } from "../src/index.ts";
import { encodeModel } from "../src/model-proto/encode-model.ts";
import { createSession, evaluate, planOf } from "./support/evaluate.ts";

const parse = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes);

/** A graph with lifted vectors, lifted numbers and a baked weight, at some size. */
function example(rows: number, limit: number): Tensor {
  const weight = new Parameter(new Float32Array(6).fill(0.5), [2, 3]);
  return linear(ones([rows, 3]), weight)
    .clamp({ max: limit })
    .reshape([2, rows])
    .slice(1, 0, rows);
}

describe("the bytes", () => {
  it("parse as an ONNX ModelProto with two operator sets", () => {
    const model = parse(writeModel(planOf(example(4, 1))).bytes);
    expect(model.irVersion).toBe(10n);
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ["", 21n],
      ["com.microsoft", 1n],
    ]);
    expect(model.graph!.node.map(({ opType }) => opType)).toEqual([
      "Gemm",
      "Clip",
      "Reshape",
      "Slice",
    ]);
  });

  it("hold every attribute kind as it was given", () => {
    const x = ones([1, 1, 4, 4]);
    const plan = planOf(conv2d(x, ones([1, 1, 3, 3]), { stride: 2, padding: [0, 1, 2, 3] }));
    const [node] = parse(writeModel(plan).bytes).graph!.node;
    const attributes = Object.fromEntries(node!.attribute.map(({ name, ...rest }) => [name, rest]));
    expect(attributes.strides!.ints).toEqual([2n, 2n]);
    expect(attributes.pads!.ints).toEqual([0n, 1n, 2n, 3n]);
    expect(attributes.group!.i).toBe(1n);
  });

  it("hold a baked weight once, with its shape and its values", () => {
    const { graph } = parse(writeModel(planOf(example(4, 1))).bytes);
    const weights = graph!.initializer.filter(({ name }) => name === "w0");
    expect(weights).toHaveLength(1);
    expect(weights[0]!.dims).toEqual([2n, 3n]);
    expect(new Float32Array(weights[0]!.rawData.slice().buffer)).toEqual(
      new Float32Array(6).fill(0.5),
    );
  });

  it("bake weights of every dtype, views into larger buffers and empty ones", async () => {
    const buffer = Float32Array.of(9, 1, 2, 9);
    const baked = [
      new Parameter(buffer.subarray(1, 3), [2]),
      new Parameter(new Float32Array(0), [0]),
      new Parameter(Int32Array.of(-3), [], "int32"),
      new Parameter(BigInt64Array.of(-4n), [1], "int64"),
      new Parameter(Uint8Array.of(1), [1], "bool"),
      new Parameter(Uint8Array.of(255), [1], "uint8"),
    ];
    const values = await evaluate(...baked.map((each) => each.reshape([each.size])));
    expect(values.map(({ data }) => data)).toEqual([[1, 2], [], [-3], [-4], [1], [255]]);
  });

  it("are refused when protobuf cannot count them", () => {
    const bytes = new Uint8Array(2 ** 30);
    const weight = { dtype: "uint8", shape: [2 ** 30], bytes } as const;
    const weights = [
      { name: "w0", ...weight },
      { name: "w1", ...weight },
    ];
    const graph = { nodes: [], inputs: [], outputs: [], constants: [], weights };
    expect(() => encodeModel(graph)).toThrow(ModelSizeError);
  });
});

describe("structure", () => {
  it("is all that enters a model: other sizes and numbers give the same bytes", () => {
    const { bytes } = writeModel(planOf(example(4, 1)));
    expect(writeModel(planOf(example(1000, 7))).bytes).toEqual(bytes);
    expect(writeModel(planOf(example(0, -1))).bytes).toEqual(bytes);
  });

  it("differs where a rank or a structural attribute differs", () => {
    const bytesOf = (x: Tensor): string => writeModel(planOf(x)).bytes.toString();
    const x = ones([2, 3]);
    expect(bytesOf(x.sum(0))).not.toBe(bytesOf(x.sum(1)));
    expect(bytesOf(x.neg())).not.toBe(bytesOf(ones([2, 3, 1]).neg()));
    expect(bytesOf(x.clamp({ min: 0 }))).not.toBe(bytesOf(x.clamp({ max: 0 })));
  });

  it("gives every unknown side a symbol of its own", () => {
    const plan = planOf(matmul(ones([2, 3]), ones([3, 4])));
    const { graph } = parse(writeModel(plan).bytes);
    const symbols = [...graph!.input, ...graph!.output].flatMap(({ type }) => {
      if (type?.value.case !== "tensorType") throw new Error("not a tensor");
      return type.value.value.shape!.dim.map(({ value }) => value.value);
    });
    expect(symbols).toEqual(["f0_0", "f0_1", "f1_0", "f1_1", "n0_0_0", "n0_0_1"]);
  });

  it("names inputs for lifted values by node and name", () => {
    const { liftedNames } = writeModel(planOf(example(4, 1)));
    expect(liftedNames).toEqual([
      { input: "n1_max", node: 1, name: "max" },
      { input: "n2_shape", node: 2, name: "shape" },
      { input: "n3_starts", node: 3, name: "starts" },
      { input: "n3_ends", node: 3, name: "ends" },
    ]);
  });
});

describe("a plan", () => {
  it("may feed and bake tensors nobody reads, and fetch one twice", async () => {
    const sum = ones([2]).add(1);
    const plan = planOf(sum, sum);
    const unread = new Parameter(new Float32Array(2), [2]);
    const model = writeModel({ ...plan, feeds: [...plan.feeds, zeros([3])], baked: [unread] });
    expect(model.feedNames).toEqual(["f0", "f1", "f2"]);
    expect(model.fetchNames).toEqual(["n0_0", "n0_0"]);
    const session = await createSession(model);
    expect(session.inputNames).toEqual(["f0", "f1", "f2"]);
    expect(session.outputNames).toEqual(["n0_0"]);
  });

  it("knows a tensor by its node, whatever handle names it", () => {
    const x = ones([3]);
    const handle = Object.assign(Object.create(Object.getPrototypeOf(x)), {
      node: x.node,
      index: 0,
    });
    expect(() => writeModel({ ...planOf(x.neg()), feeds: [handle] })).not.toThrow();
  });

  it("tells the outputs of one node apart", () => {
    const { indices } = topk(arange(0, 3), 1);
    expect(writeModel(planOf(indices)).fetchNames).toEqual(["n0_1"]);
  });

  it("with a tensor from nowhere throws a PlanError", () => {
    const plan = planOf(ones([3]).neg());
    expect(() => writeModel({ ...plan, feeds: [] })).toThrow(PlanError);
    expect(() => writeModel({ ...plan, feeds: [] })).toThrow("invalid plan at constant");
  });

  it("with a leaf or a host operation among its nodes throws a LoweringError", () => {
    const nodes: Node[] = [tensor([1]).node];
    expect(() => writeModel({ nodes, feeds: [], baked: [], fetches: [] })).toThrow(LoweringError);
    const [onHost] = hostOp({
      name: "reverse",
      inputs: [ones([2])],
      outputs: [{ shape: [2], dtype: "float32" }],
      forward: ([x]) => [x!.data.slice().reverse()],
    });
    expect(() => writeModel(planOf(onHost!))).toThrow(/host operation reverse/);
  });
});
