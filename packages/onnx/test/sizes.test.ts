import {
  attention,
  cat,
  conv2d,
  convTranspose2d,
  gridSample,
  indexAdd,
  interpolate,
  layerNorm,
  linear,
  matmul,
  maxPool2d,
  ones,
  roiAlign,
  roll,
  sparseMatmul,
  split,
  sumTo,
  tensor,
  topk,
  where,
  zeros,
  type SparseMatrix,
  type Tensor,
} from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";
import { Compiled, evaluate } from "./support/evaluate.ts";

const rois = (k: number): Tensor => ones([k, 5]).sub(1);
const indices = (k: number): Tensor => zeros([k], "int32");

const emptyRows = (numRows: number, numColumns: number): SparseMatrix => ({
  shape: [numRows, numColumns],
  rowEnds: new Int32Array(numRows),
  columns: new Int32Array(0),
  values: new Float32Array(0),
});

// What detection models compute for k boxes, points or images, where k may be 0.
const graphs: Readonly<Record<string, (k: number) => Tensor[]>> = {
  conv2d: (k) => [conv2d(ones([k, 2, 4, 4]), ones([3, 2, 3, 3]), { bias: ones([3]) }).relu()],
  convTranspose2d: (k) => [convTranspose2d(ones([k, 2, 3, 3]), ones([2, 1, 2, 2]), { stride: 2 })],
  linear: (k) => [
    linear(ones([k, 4]), ones([3, 4]), ones([3])),
    linear(ones([k, 2, 5, 4]), ones([3, 4])),
  ],
  attention: (k) => [
    attention(ones([k, 2, 4]), ones([k, 3, 4]), ones([k, 3, 5])),
    attention(ones([2, k, 4]), ones([2, 3, 4]), ones([2, 3, 5])),
  ],
  "layerNorm and gelu": (k) => [layerNorm(ones([k, 2, 4]), ones([4]), ones([4])).gelu()],
  roll: (k) => [roll(ones([k, 5, 4]), [k, 1], [1, 2])],
  matmul: (k) => [matmul(ones([k, 4]), ones([4, 3]))],
  "matmul, transposed": (k) => [
    matmul(ones([k, 4]), ones([k, 3]), { transposeA: true }),
    matmul(ones([k, 2, 4]), ones([k, 3, 4]), { transposeB: true }),
  ],
  maxPool2d: (k) => [maxPool2d(ones([k, 2, 4, 4]), { kernelSize: 3, stride: 2, padding: 1 })],
  interpolate: (k) => [
    interpolate(ones([k, 2, 4, 4]), { size: [3, 8], mode: "bilinear" }),
    interpolate(ones([k, 2, 4, 4]), { size: [3, 8], mode: "nearest" }),
    interpolate(ones([k, 2, 4, 4]), { size: [3, 8], mode: "bicubic" }),
  ],
  roiAlign: (k) => [
    roiAlign(ones([1, 2, 4, 4]), rois(k), {
      outputSize: [2, 3],
      spatialScale: 0.5,
      samplingRatio: 0,
      aligned: true,
    }),
  ],
  sparseMatmul: (k) => [
    sparseMatmul(emptyRows(k, 5), ones([5, 2])),
    sparseMatmul(emptyRows(4, k), ones([k, 2])),
    sparseMatmul(
      {
        shape: [k, 3],
        rowEnds: Int32Array.from({ length: k }, (_, i) => i + 1),
        columns: new Int32Array(k),
        values: new Float32Array(k).fill(2),
      },
      ones([3, 2]),
    ),
  ],
  gridSample: (k) => [
    gridSample(ones([k, 2, 4, 4]), zeros([k, 3, 3, 2])),
    gridSample(ones([1, 2, 4, 4]), zeros([1, k, 3, 2])),
  ],
  "cat and split": (k) => {
    const joined = cat([ones([k, 2]), zeros([2, 2]), ones([k, 2])], 0);
    return [joined, ...split(joined, [k, 2 + k], 0)];
  },
  "reshape, expand, permute, slice and pad": (k) => [
    ones([k, 6]).reshape([k, 2, 3]),
    ones([1, 3]).expand([k, 3]),
    ones([k, 3]).permute(1, 0),
    ones([4, 3]).slice(0, 0, k),
    ones([k, 3]).flip(0),
    ones([k, 3]).pad([
      [0, 0],
      [1, 1],
    ]),
    ones([k, 3]).pad([
      [1, 0],
      [0, 1],
    ]),
  ],
  elementwise: (k) => [
    ones([k, 3]).add(ones([3])),
    where(ones([k, 1]).gt(0), ones([1, 3]), 0),
    ones([k]).clamp({ min: 2 }),
    ones([k]).to("int64"),
  ],
  "sums, means and softmax": (k) => [
    ones([k, 3]).sum(),
    ones([k, 3]).sum(0),
    ones([k, 3]).sum(1),
    ones([k, 3]).mean(1),
    sumTo(ones([k, 3]), [3]),
    sumTo(ones([k, 3]), [k, 1]),
    ones([k, 3]).softmax(1),
    ones([k, 3]).logSoftmax(1),
    ones([k, 3, 2]).softmax(1),
  ],
  "max and argmax of rows": (k) => [
    ones([k, 3]).max(1),
    ones([k, 3]).min(1),
    ones([k, 3]).argmax(1),
  ],
  "topk of rows": (k) => Object.values(topk(ones([k, 3]), 2)),
  "topk of k": (k) => Object.values(topk(ones([2, 4]), k)),
  "topk of all of a vector": (k) => Object.values(topk(ones([k]), k)),
  "indexSelect and gather": (k) => [
    ones([4, 2]).indexSelect(0, indices(k)),
    ones([4, 2]).gather(0, zeros([k, 2], "int32").slice(0, 0, 2)),
  ],
  "scatterAdd and indexAdd": (k) => [
    ones([4, 2]).scatterAdd(0, zeros([k, 2], "int32").slice(0, 0, 2), ones([k, 2]).slice(0, 0, 2)),
    indexAdd(indices(k), ones([k, 2]), [3, 2]),
  ],
};

describe("one session serves one, three and no boxes", () => {
  it.each(Object.entries(graphs))("%s", async (_, graph) => {
    const compiled = await Compiled.of(...graph(1));
    for (const k of [1, 3, 0]) {
      const fetches = graph(k);
      const values = await compiled.run(...fetches);
      for (const [i, { shape, data }] of values.entries()) {
        expect(shape).toEqual(fetches[i]!.shape);
        expect(data.every((value) => Number.isFinite(value))).toBe(true);
      }
    }
  });

  it("and sums nothing to zeros", async () => {
    const [all, columns, sumOfRows] = await evaluate(
      zeros([0, 3]).sum(),
      zeros([0, 3]).sum(0),
      sumTo(zeros([0, 3]), [3]),
    );
    expect([all!.data, columns!.data, sumOfRows!.data]).toEqual([[0], [0, 0, 0], [0, 0, 0]]);
  });
});

describe("around ONNX Runtime's kernels", () => {
  it("topk of a matrix without rows does not end the process", async () => {
    const { values, indices: positions } = topk(zeros([0, 3]), 2);
    const [a, b] = await evaluate(values, positions);
    expect([a!.shape, b!.shape]).toEqual([
      [0, 2],
      [0, 2],
    ]);
  });

  it("indexAdd loses no addition when many rows go to the same place", async () => {
    const rows = 100_000;
    const target = tensor(Int32Array.from({ length: rows }, (_, i) => i % 2));
    const [sum] = await evaluate(indexAdd(target, ones([rows, 8]), [2, 8]));
    expect(new Set(sum!.data)).toEqual(new Set([rows / 2]));
  });

  it("a sparse product without entries is zero, whatever was in that memory before", async () => {
    const dense = ones([64, 64]);
    const full = {
      shape: [64, 64] as const,
      rowEnds: Int32Array.from({ length: 64 }, (_, i) => i + 1),
      columns: Int32Array.from({ length: 64 }, (_, i) => i),
      values: new Float32Array(64).fill(7),
    };
    const compiled = await Compiled.of(sparseMatmul(full, dense));
    for (let i = 0; i < 5; i++) {
      const [sevens] = await compiled.run(sparseMatmul(full, dense));
      const [zero] = await compiled.run(sparseMatmul(emptyRows(64, 64), dense));
      expect([new Set(sevens!.data), new Set(zero!.data)]).toEqual([new Set([7]), new Set([0])]);
    }
  });

  it("nearest interpolation takes pixel ⌊i · in / out⌋ at every pair of sizes", async () => {
    const resize = (from: number, to: number): Tensor =>
      interpolate(
        tensor(
          Float32Array.from({ length: from }, (_, i) => i),
          { shape: [1, 1, 1, from] },
        ),
        {
          size: [1, to],
          mode: "nearest",
        },
      );
    const compiled = await Compiled.of(resize(1, 1));
    for (const from of [1, 2, 3, 7, 25, 50, 133]) {
      for (let to = 1; to < 200; to += 3) {
        const [result] = await compiled.run(resize(from, to));
        const expected = Array.from({ length: to }, (_, i) => Math.floor((i * from) / to));
        expect(result!.data).toEqual(expected);
      }
    }
  });
});
