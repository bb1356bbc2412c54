import { describe, expect, it } from "vitest";
import {
  cat,
  conv2d,
  enableGrad,
  GraphError,
  grad,
  gradMode,
  noGrad,
  NotRealizedError,
  ones,
  Parameter,
  printGraph,
  RuntimeMissingError,
  ShapeError,
  DTypeError,
  sparseMatmul,
  stack,
  tensor,
  type SparseMatrix,
  verifyGraph,
  zeros,
} from "../src/index.ts";

describe("the graph printer", () => {
  it("shows leaves, operations, attributes and what is fed", () => {
    const x = zeros([2, 3, 8, 8]);
    const w = new Parameter(new Float32Array(4 * 3 * 9), [4, 3, 3, 3]);
    const y = conv2d(x, w, { padding: 1, stride: 2 }).relu().reshape([2, -1]);
    expect(printGraph(y)).toMatchInlineSnapshot(`
      "%0: float32[2,3,8,8] = constant
      %1: float32[4,3,3,3] = parameter
      %2: float32[2,4,4,4] = conv2d(%0, %1, stride=[2,2], padding=[1,1,1,1], dilation=[1,1], groups=1, hasBias=false)
      %3: float32[2,4,4,4] = relu(%2)
      %4: float32[2,64] = reshape(%3; shape=[2,64])
      return %4"
    `);
  });

  it("shows a gradient as more graph", () => {
    const w = new Parameter(Float32Array.of(1, 2), [2]);
    const [gradient] = grad(w.mul(tensor([3, 4])).sum(), [w]);
    expect(printGraph(gradient)).toMatchInlineSnapshot(`
      "%0: float32[] = constant
      %1: float32[2] = constant
      %2: float32[1] = reshape(%0; shape=[1])
      %3: float32[2] = mul(%2, %1)
      return %3"
    `);
  });

  it("numbers the outputs of an operation that has several", () => {
    const { values, indices } = zeros([5]).topk(2);
    expect(printGraph(values, indices)).toContain("return %1.0, %1.1");
  });
});

describe("shapes", () => {
  it("are known at once", () => {
    const x = zeros([2, 3, 7, 5]);
    expect(x.slice(2, 1, -1, 2).shape).toEqual([2, 3, 3, 5]);
    expect(x.slice(2, -1, 0, -3).shape).toEqual([2, 3, 2, 5]);
    expect(x.flip([2]).permute(0, 2, 3, 1).shape).toEqual([2, 7, 5, 3]);
    expect(x.sum([1, -1]).shape).toEqual([2, 7]);
    expect(x.mean(undefined, { keepDims: true }).shape).toEqual([1, 1, 1, 1]);
    expect(x.select(1, -1).unsqueeze(-1).shape).toEqual([2, 7, 5, 1]);
    expect(stack([x, x], -1).shape).toEqual([2, 3, 7, 5, 2]);
    expect(zeros([0, 4]).reshape([-1, 2]).shape).toEqual([0, 2]);
    expect(x.argmax(1).dtype).toBe("int32");
    expect(x.gt(0).logicalNot().dtype).toBe("bool");
  });

  const noEntries: SparseMatrix = {
    shape: [4, 5],
    rowEnds: new Int32Array(4),
    columns: new Int32Array(0),
    values: new Float32Array(0),
  };
  it.each([
    ["add", () => zeros([2, 3]).add(zeros([4])), "add: sides 3 and 4 do not broadcast"],
    ["reshape", () => zeros([2, 3]).reshape([4, -1]), "reshape: cannot become [4, -1]"],
    ["matmul", () => zeros([2, 3]).matmul(zeros([2, 3])), "matmul: inner sides 3 and 2 differ"],
    [
      "conv2d",
      () => conv2d(zeros([1, 3, 8, 8]), zeros([4, 2, 3, 3])),
      "conv2d: weight wants 2 input channels in 1 groups, got 3",
    ],
    [
      "cat",
      () => cat([zeros([2, 3]), zeros([3, 2])], 1),
      "cat: inputs must match except on axis 1",
    ],
    ["slice", () => zeros([2]).slice(1, 0, 1), "slice: there is no axis 1 among 1"],
    ["topk", () => zeros([2]).topk(3), "topk: cannot take 3 of 2 on axis 0"],
    ["max", () => zeros([0, 2]).max(0), "max: has no value over an empty axis [0]"],
    ["tensor", () => tensor([[1, 2], [3]]), "tensor: nested arrays have uneven lengths 2 and 1"],
    [
      "sparseMatmul",
      () => sparseMatmul(noEntries, zeros([2, 3])),
      "sparseMatmul: dense tensor must be [5, C] (inputs [2, 3])",
    ],
    [
      "sparseMatmul",
      () => sparseMatmul(noEntries, zeros([5, 3]), 3),
      "sparseMatmul: blocks of 3 rows do not divide 4",
    ],
    [
      "sparseMatmul",
      () => sparseMatmul({ ...noEntries, rowEnds: Int32Array.of(0, 1, 1, 2) }, zeros([5, 3])),
      "sparseMatmul: 4 rows with 2 entries wanted, got 4 rows, 0 columns and 0 values",
    ],
    [
      "sparseMatmul",
      () =>
        sparseMatmul(
          {
            shape: [1, 5],
            rowEnds: Int32Array.of(2),
            columns: Int32Array.of(4, 5),
            values: new Float32Array(2),
          },
          zeros([5, 3]),
        ),
      "sparseMatmul: entry 1 is in column 5 of 5",
    ],
    [
      "permute",
      () => zeros([2, 3]).permute(0, 0),
      "permute: wants each of the 2 axes once, got [0, 0]",
    ],
  ])("that do not fit throw at the call to %s", (_, call, message) => {
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });

  it("of the wrong dtype throw at the call", () => {
    expect(() => zeros([2]).logicalNot()).toThrow(DTypeError);
    expect(() => zeros([2]).indexSelect(0, zeros([1]))).toThrow(
      "indexSelect: indices must be int32 or int64, got float32",
    );
  });
});

describe("dtypes", () => {
  it("are promoted so that every operation has a kernel", () => {
    const bytes = tensor(Uint8Array.of(1, 2));
    expect(bytes.add(1).dtype).toBe("int32");
    expect(bytes.mul(0.5).dtype).toBe("float32");
    expect(bytes.exp().dtype).toBe("float32");
    expect(tensor([true, false]).sum().dtype).toBe("int32");
  });
});

describe("gradient modes", () => {
  const weight = new Parameter(Float32Array.of(1), [1]);

  it("record what depends on a parameter in training", () => {
    expect(weight.mul(2).requiresGrad).toBe(true);
    expect(noGrad(() => weight.mul(2).requiresGrad)).toBe(false);
    expect(weight.mul(2).argmax(0).requiresGrad).toBe(false);
    expect(weight.detach().mul(2).requiresGrad).toBe(false);
  });

  it("record nothing in eval() unless asked to", () => {
    weight.training = false;
    expect(weight.mul(2).requiresGrad).toBe(false);
    expect(enableGrad(() => weight.mul(2).requiresGrad)).toBe(true);
    weight.training = true;
  });

  it("follow awaits, and do not leak to what runs in between", async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const inside = noGrad(async () => {
      await gate;
      return gradMode();
    });
    expect(gradMode()).toBe("auto");
    release();
    expect(await inside).toBe("off");
    expect(gradMode()).toBe("auto");
  });
});

describe("values", () => {
  it("cannot be read before they are computed", () => {
    expect(() => ones([2]).add(1).dataSync()).toThrow(NotRealizedError);
  });

  it("name the package to add when there is no runtime", async () => {
    await expect(ones([2]).add(1).data()).rejects.toThrow(RuntimeMissingError);
    await expect(ones([2]).add(1).data()).rejects.toThrow("npm install @detectron-ts/runtime");
  });

  it("of leaves are there at once", async () => {
    expect(await tensor([1, 2]).data()).toEqual(Float32Array.of(1, 2));
    expect((await tensor([[true], [false]]).toNdarray()).shape).toEqual([2, 1]);
  });

  it("of a parameter must keep its size and type", () => {
    const parameter = new Parameter(Float32Array.of(1, 2), [2]);
    expect(() => parameter.set(Float32Array.of(1))).toThrow(ShapeError);
    expect(() => parameter.set(Int32Array.of(1, 2))).toThrow(DTypeError);
    expect(parameter.version).toBe(1);
    parameter.update((data) => data.fill(3 as never));
    expect(parameter.version).toBe(2);
  });
});

describe("the verifier", () => {
  it("accepts what operations build", () => {
    const x = zeros([2, 3]).add(1).softmax();
    expect(() => verifyGraph(x, x.sum())).not.toThrow();
  });

  it("refuses a leaf value of another size", () => {
    const x = zeros([2]);
    x.node.values[0] = new Float32Array(3);
    expect(() => verifyGraph(x.add(1))).toThrow(GraphError);
    expect(() => verifyGraph(x.add(1))).toThrow("holds 3 values in a Float32Array for float32[2]");
  });
});
