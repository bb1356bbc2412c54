import {
  attention,
  avgPool2d,
  cat,
  conv2d,
  convTranspose2d,
  grad,
  gridSample,
  indexAdd,
  interpolate,
  layerNorm,
  linear,
  matmul,
  maximum,
  maxPool2d,
  minimum,
  Parameter,
  roiAlign,
  scaleGradient,
  sparseMatmul,
  split,
  sumTo,
  tensor,
  topk,
  where,
  type DType,
  type OpName,
  type SparseMatrix,
  type Tensor,
} from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";
import { evaluate } from "./support/evaluate.ts";

/** Tensors to compute and the numbers each must have, to five decimals. */
type Case = readonly [what: string, compute: () => Tensor[], ...expected: (readonly number[])[]];

const { exp, log, sqrt, sin, cos, tanh } = Math;
const f = (values: number[], shape: number[] = [values.length]): Tensor =>
  tensor(Float32Array.from(values), { shape });
const int = (values: number[], shape: number[] = [values.length], dtype: DType = "int32"): Tensor =>
  tensor(Int32Array.from(values), { shape, dtype });
const bool = (...values: boolean[]): Tensor => tensor(values);
/** 0, 1, 2, … in a shape. */
const count = (...shape: number[]): Tensor =>
  f(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
  );

/** Entries 1, 2, 3, … at the columns named for each row. */
const sparse = (shape: [number, number], columns: readonly number[][]): SparseMatrix => {
  let end = 0;
  const flat = columns.flat();
  return {
    shape,
    rowEnds: Int32Array.from(columns, ({ length }) => (end += length)),
    columns: Int32Array.from(flat),
    values: Float32Array.from(flat, (_, i) => i + 1),
  };
};

const signed = [-1.5, 0, 0.5, 2];
const unary = (
  what: string,
  compute: (x: Tensor) => Tensor,
  reference: (x: number) => number,
  values = signed,
): Case => [what, () => [compute(f(values))], values.map(reference)];
const binary = (
  what: string,
  compute: (a: Tensor, b: Tensor) => Tensor,
  ...expected: number[]
): Case => [what, () => [compute(f([-2, 3, 2], [3]), f([2, 3, 4], [3]))], expected];

// Everything but the leaves and host operations, which no rule lowers. The type makes the table total.
const cases: Readonly<Record<Exclude<OpName, "constant" | "parameter" | "host">, readonly Case[]>> =
  {
    neg: [
      unary(
        "negates",
        (x) => x.neg(),
        (x) => -x,
      ),
    ],
    abs: [
      unary("is the absolute value", (x) => x.abs(), Math.abs),
      ["works on int64", () => [int([-3, 4], [2], "int64").abs()], [3, 4]],
    ],
    sign: [unary("is -1, 0 or 1", (x) => x.sign(), Math.sign)],
    exp: [unary("is the exponential", (x) => x.exp(), exp)],
    log: [unary("is the natural logarithm", (x) => x.log(), log, [0.5, 1, 2])],
    sqrt: [unary("is the square root", (x) => x.sqrt(), sqrt, [0, 0.25, 2])],
    floor: [unary("rounds down", (x) => x.floor(), Math.floor)],
    sin: [unary("takes radians", (x) => x.sin(), sin)],
    cos: [unary("takes radians", (x) => x.cos(), cos)],
    atan: [unary("is an angle in radians", (x) => x.atan(), Math.atan)],
    erf: [["is the error function", () => [f([-1, 0, 0.5]).erf()], [-0.842701, 0, 0.5205]]],
    gelu: [
      ["lets positive values pass", () => [f([-1, 0, 1, 9]).gelu()], [-0.158655, 0, 0.841345, 9]],
    ],
    tanh: [unary("is the hyperbolic tangent", (x) => x.tanh(), tanh)],
    sigmoid: [
      unary(
        "is the logistic function",
        (x) => x.sigmoid(),
        (x) => 1 / (1 + exp(-x)),
      ),
    ],
    relu: [
      unary(
        "cuts off negative values",
        (x) => x.relu(),
        (x) => Math.max(x, 0),
      ),
    ],
    logicalNot: [["inverts", () => [bool(true, false).logicalNot()], [0, 1]]],
    detach: [["is the same value", () => [f([1, 2]).neg().detach()], [-1, -2]]],
    scaleGradient: [["is the same value", () => [scaleGradient(f([1, 2]).neg(), 1 / 3)], [-1, -2]]],
    cast: [
      ["truncates toward zero", () => [f([-1.7, 1.7]).to("int32")], [-1, 1]],
      ["to int64", () => [f([-1.7, 1.7]).to("int64")], [-1, 1]],
      ["to bool is 'not zero'", () => [f([0, -0.5, 3]).to("bool")], [0, 1, 1]],
      ["from bool", () => [bool(true, false).to("float32")], [1, 0]],
      ["between uint8 and float", () => [f([0, 255]).to("uint8").to("float32")], [0, 255]],
    ],
    clamp: [
      ["takes both limits", () => [f(signed).clamp({ min: -1, max: 1 })], [-1, 0, 0.5, 1]],
      ["takes a lower limit", () => [f(signed).clamp({ min: 0.25 })], [0.25, 0.25, 0.5, 2]],
      ["takes an upper limit", () => [f(signed).clamp({ max: 0.25 })], [-1.5, 0, 0.25, 0.25]],
    ],
    add: [
      binary("adds", (a, b) => a.add(b), 0, 6, 6),
      ["broadcasts", () => [f([1, 2], [2, 1]).add(f([10, 20, 30]))], [11, 21, 31, 12, 22, 32]],
      ["adds int64", () => [int([1], [1], "int64").add(2)], [3]],
    ],
    sub: [binary("subtracts", (a, b) => a.sub(b), -4, 0, -2)],
    mul: [binary("multiplies", (a, b) => a.mul(b), -4, 9, 8)],
    div: [
      binary("divides", (a, b) => a.div(b), -1, 1, 0.5),
      ["divides integers toward zero", () => [int([-7, 7]).div(2)], [-3, 3]],
    ],
    pow: [binary("raises", (a, b) => a.pow(b), 4, 27, 16)],
    maximum: [binary("takes the larger", maximum, 2, 3, 4)],
    minimum: [binary("takes the smaller", minimum, -2, 3, 2)],
    equal: [binary("compares", (a, b) => a.eq(b), 0, 1, 0)],
    less: [binary("compares", (a, b) => a.lt(b), 1, 0, 1)],
    lessEqual: [binary("compares", (a, b) => a.le(b), 1, 1, 1)],
    logicalAnd: [
      ["is true for two", () => [bool(true, true).logicalAnd(bool(true, false))], [1, 0]],
    ],
    logicalOr: [
      ["is true for one", () => [bool(true, false).logicalOr(bool(false, false))], [1, 0]],
    ],
    where: [
      ["chooses", () => [where(bool(true, false), f([1, 2]), 5)], [1, 5]],
      [
        "chooses among bools",
        () => [where(bool(true, false), bool(false, false), bool(true, true))],
        [0, 1],
      ],
    ],
    reshape: [
      ["keeps the order", () => [count(2, 3).reshape([3, -1])], [0, 1, 2, 3, 4, 5]],
      ["makes a scalar", () => [f([7]).reshape([])], [7]],
    ],
    expand: [["repeats", () => [f([1, 2], [2, 1]).expand([2, 2, 2])], [1, 1, 2, 2, 1, 1, 2, 2]]],
    permute: [["reorders axes", () => [count(2, 3).permute(1, 0)], [0, 3, 1, 4, 2, 5]]],
    slice: [
      ["takes every second", () => [count(5).slice(0, 1, 5, 2)], [1, 3]],
      ["walks back", () => [count(2, 3).flip([0, 1])], [5, 4, 3, 2, 1, 0]],
    ],
    pad: [
      [
        "adds a border",
        () => [
          f([1, 2], [1, 2]).pad(
            [
              [0, 1],
              [1, 0],
            ],
            9,
          ),
        ],
        [9, 1, 2, 9, 9, 9],
      ],
      ["takes a border away", () => [count(4).pad([[-1, -2]])], [1]],
      ["pads int64", () => [int([1], [1], "int64").pad([[1, 0]], 4)], [4, 1]],
      ["pads bool", () => [bool(false).pad([[1, 0]], 1)], [1, 0]],
    ],
    cat: [["joins along an axis", () => [cat([count(2, 1), count(2, 2)], 1)], [0, 0, 1, 1, 2, 3]]],
    split: [["cuts an axis", () => split(count(2, 3), [1, 2], 1), [0, 3], [1, 2, 4, 5]]],
    sum: [
      ["over all axes", () => [count(2, 3).sum()], [15]],
      ["over one axis", () => [count(2, 3).sum(0, { keepDims: true })], [3, 5, 7]],
      ["over no axis", () => [count(2).sum([])], [0, 1]],
      ["counts bools", () => [bool(true, false, true).sum()], [2]],
      ["of int64", () => [int([1, 2], [2], "int64").sum()], [3]],
    ],
    mean: [["over one axis", () => [count(2, 3).mean(1)], [1, 4]]],
    max: [["over axes", () => [count(2, 3).max([0, 1])], [5]]],
    min: [["over one axis", () => [count(2, 3).min(1)], [0, 3]]],
    argmax: [
      ["is the first of equal values", () => [f([1, 3, 3, 0]).argmax(0)], [1]],
      [
        "along the last axis",
        () => [f([1, 2, 4, 3], [2, 2]).argmax(1, { keepDims: true })],
        [1, 0],
      ],
      ["of int64", () => [int([1, 3], [2], "int64").argmax(0)], [1]],
      ["of bool", () => [bool(false, true, true).argmax(0)], [1]],
    ],
    topk: [
      ["sorts descending", () => Object.values(f([1, 4, 3]).topk(2)), [4, 3], [1, 2]],
      [
        "sorts ascending",
        () => Object.values(topk(f([1, 4, 3]), 2, 0, { largest: false })),
        [1, 3],
        [0, 2],
      ],
      [
        "along the first axis",
        () => Object.values(f([1, 4, 3, 2], [2, 2]).topk(1, 0)),
        [3, 4],
        [1, 0],
      ],
      ["of bool", () => Object.values(tensor([[false], [true]]).topk(1, 0)), [1], [1]],
    ],
    sumTo: [
      ["removes axes in front", () => [sumTo(count(2, 3), [3])], [3, 5, 7]],
      ["keeps sides of 1", () => [sumTo(count(2, 3), [2, 1])], [3, 12]],
      ["sums nothing when sides of 1 are all there is", () => [sumTo(count(1, 3), [3])], [0, 1, 2]],
      ["reaches a scalar", () => [sumTo(count(2, 3), [])], [15]],
    ],
    softmax: [["normalises", () => [f([0, log(3)]).softmax(0)], [0.25, 0.75]]],
    logSoftmax: [
      ["normalises", () => [f([0, log(3)], [1, 2]).logSoftmax(1)], [log(0.25), log(0.75)]],
    ],
    matmul: [
      ["multiplies", () => [matmul(count(2, 2), count(2, 2))], [2, 3, 6, 11]],
      [
        "transposes a",
        () => [matmul(count(2, 2), count(2, 2), { transposeA: true })],
        [4, 6, 6, 10],
      ],
      [
        "transposes b",
        () => [matmul(count(2, 2), count(2, 2), { transposeB: true })],
        [1, 3, 3, 13],
      ],
      [
        "transposes batches",
        () => [matmul(count(2, 1, 2), count(2, 1, 2), { transposeB: true })],
        [1, 13],
      ],
      [
        "broadcasts batches",
        () => [matmul(count(2, 1, 2), count(1, 2), { transposeB: true })],
        [1, 3],
      ],
      [
        "transposes int32",
        () => [matmul(int([1, 2], [1, 2]), int([3, 4], [1, 2]), { transposeB: true })],
        [11],
      ],
    ],
    linear: [
      [
        "adds the bias",
        () => [linear(f([1, 2], [1, 2]), count(3, 2), f([10, 20, 30]))],
        [12, 28, 44],
      ],
      ["works without", () => [linear(f([1, 2], [1, 2]), count(3, 2))], [2, 8, 14]],
    ],
    attention: [
      [
        "averages values by the products of queries and keys",
        () => [
          attention(
            f([0, 0, Math.log(3), 9], [1, 2, 2]),
            f([1, 0, 0, 0], [1, 2, 2]),
            f([4, 8], [1, 2, 1]),
          ),
        ],
        [6, 5],
      ],
    ],
    conv2d: [
      [
        "correlates",
        () => [conv2d(count(1, 1, 3, 3), f([1, 0, 0, 2], [1, 1, 2, 2]))],
        [8, 11, 17, 20],
      ],
      [
        "strides, dilates and pads each side by itself",
        () => [
          conv2d(count(1, 1, 3, 3), f([1, 2], [1, 1, 1, 2]), {
            padding: [1, 0, 0, 2],
            stride: [2, 1],
            dilation: [1, 2],
            bias: f([1]),
          }),
        ],
        [1, 1, 1, 14, 5, 6],
      ],
      [
        "convolves groups",
        () => [conv2d(count(1, 2, 1, 1), f([3, 4], [2, 1, 1, 1]), { groups: 2 })],
        [0, 4],
      ],
    ],
    convTranspose2d: [
      [
        "doubles",
        () => [
          convTranspose2d(f([1, 2], [1, 1, 1, 2]), f([1, 2, 3, 4], [1, 1, 2, 2]), {
            stride: 2,
            bias: f([10]),
          }),
        ],
        [11, 12, 12, 14, 13, 14, 16, 18],
      ],
      [
        "adds output padding below and to the right",
        () => [
          convTranspose2d(f([3], [1, 1, 1, 1]), f([1], [1, 1, 1, 1]), {
            stride: 2,
            outputPadding: 1,
          }),
        ],
        [3, 0, 0, 0],
      ],
    ],
    maxPool2d: [
      [
        "ignores padding",
        () => [
          maxPool2d(f([-1, -2, -3, -4], [1, 1, 2, 2]), { kernelSize: 3, stride: 2, padding: 1 }),
        ],
        [-1],
      ],
    ],
    maxPool2dIndices: [
      [
        "tells the gradient of a maximum where it goes",
        () => {
          const x = new Parameter(Float32Array.of(1, 5, 7, 2), [2, 1, 1, 2]);
          return grad(maxPool2d(x, { kernelSize: [1, 2] }).sum(), [x]);
        },
        [0, 1, 1, 0],
      ],
    ],
    avgPool2d: [
      [
        "counts padding as zeros",
        () => [
          avgPool2d(f([4, 8], [1, 1, 1, 2]), { kernelSize: 2, stride: 1, padding: [1, 0, 0, 0] }),
        ],
        [3],
      ],
    ],
    interpolate: [
      [
        "samples between pixel centres",
        () => [interpolate(f([0, 4], [1, 1, 1, 2]), { size: [1, 4], mode: "bilinear" })],
        [0, 1, 3, 4],
      ],
      [
        "takes pixel ⌊i · in / out⌋",
        () => [interpolate(count(1, 1, 1, 5), { size: [1, 3], mode: "nearest" })],
        [0, 1, 3],
      ],
    ],
    layerNorm: [
      [
        "normalises rows, then scales and shifts",
        () => [layerNorm(f([1, 3, 10, 30], [2, 2]), f([1, 2]), f([0, 5]), { eps: 0 })],
        [-1, 7, -1, 7],
      ],
    ],
    indexSelect: [
      ["picks rows", () => [count(3, 2).indexSelect(0, int([2, 0]))], [4, 5, 0, 1]],
      [
        "picks columns by int64",
        () => [count(2, 2).indexSelect(1, int([1], [1], "int64"))],
        [1, 3],
      ],
    ],
    gather: [
      [
        "picks one for each index",
        () => [count(2, 3).gather(1, int([2, 0, 1, 1], [2, 2]))],
        [2, 0, 4, 4],
      ],
      ["needs not cover the other axes", () => [count(2, 3).gather(0, int([1], [1, 1]))], [3]],
    ],
    scatterAdd: [
      [
        "adds where indices repeat",
        () => [f([1, 1, 1]).scatterAdd(0, int([2, 0, 2]), f([10, 20, 30]))],
        [21, 1, 41],
      ],
    ],
    indexAdd: [
      [
        "adds rows onto zeros",
        () => [indexAdd(int([2, 0, 2]), count(3, 2), [3, 2])],
        [2, 3, 0, 0, 4, 6],
      ],
      ["adds single values", () => [indexAdd(int([1, 1], [2], "int64"), int([2, 3]), [2])], [0, 5]],
    ],
    roiAlign: [
      [
        "averages samples, half a pixel aligned",
        () => [
          roiAlign(count(1, 1, 4, 4), f([0, 1, 1, 3, 3], [1, 5]), {
            outputSize: [2, 2],
            spatialScale: 1,
            samplingRatio: 0,
            aligned: true,
          }),
        ],
        // Bins of one pixel, one sample each, at 1 and 2: the pixels themselves.
        [5, 6, 9, 10],
      ],
      [
        "reads the image its row names and makes sides at least 1 when not aligned",
        () => [
          roiAlign(count(2, 1, 4, 4), f([1, 2, 2, 2, 2], [1, 5]), {
            outputSize: [1, 1],
            spatialScale: 0.5,
            samplingRatio: 1,
            aligned: false,
          }),
        ],
        // From (1, 1) to (2, 2) with the sample in the middle, in the second image.
        [16 + (5 + 6 + 9 + 10) / 4],
      ],
    ],
    sparseMatmul: [
      [
        "multiplies each entry with the row of its column",
        () => [sparseMatmul(sparse([4, 3], [[2, 0], [], [1], [0, 0, 2]]), count(3, 2), 2)],
        // Rows (0, 1), (2, 3), (4, 5); entries are 1, 2, 3, … in their order.
        [4, 7, 0, 0, 6, 9, 24, 39],
      ],
      [
        "takes numbers of rows that no block divides",
        () => [
          sparseMatmul(
            sparse(
              [1031, 1],
              Array.from({ length: 1031 }, () => [0]),
            ),
            count(1, 1).add(2),
          ),
        ],
        Array.from({ length: 1031 }, (_, i) => 2 * (i + 1)),
      ],
      [
        "leaves zeros where a whole block has no entries",
        () => [sparseMatmul(sparse([4, 3], [[], [], [1], []]), count(3, 2), 2)],
        [0, 0, 0, 0, 2, 3, 0, 0],
      ],
    ],
    gridSample: [
      [
        "samples between pixels and zeros outside",
        // One pixel is half of the axis from border to border: 0 is the middle, 1 the right border.
        () => [gridSample(f([2, 4], [1, 1, 1, 2]), f([0, 0, 1, 0, -0.5, 0], [1, 1, 3, 2]))],
        [3, 2, 2],
      ],
    ],
  };

for (const [op, each] of Object.entries(cases)) {
  describe(`${op}`, () => {
    it.each(each.map(([what, ...rest]) => [what, ...rest] as const))(
      "%s",
      async (_, compute, ...expected) => {
        const values = await evaluate(...compute());
        for (const [i, { data }] of values.entries()) {
          expect(data.length).toBe(expected[i]!.length);
          for (const [j, value] of data.entries()) expect(value).toBeCloseTo(expected[i]![j]!, 5);
        }
      },
    );
  });
}
