import { gradcheck } from "@detectron-ts/testing";
import {
  attention,
  avgPool2d,
  cat,
  conv2d,
  convTranspose2d,
  grad,
  gridSample,
  hostOp,
  indexAdd,
  interpolate,
  layerNorm,
  linear,
  matmul,
  maximum,
  maxPool2d,
  minimum,
  NotDifferentiableError,
  Parameter,
  realize,
  roiAlign,
  roll,
  scaleGradient,
  sizeOf,
  sparseMatmul,
  split,
  stack,
  tensor,
  where,
  type Shape,
  type Tensor,
} from "@detectron-ts/tensor";
import { describe, expect, it } from "vitest";
import { runtime } from "../src/index.ts";

/** Reproducible values in [-1, 1), none near a multiple of 0.01, where kinks of the tested functions lie. */
function values(size: number, seed: number): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * 16) / 8 - 1 + 0.0625;
  });
}

/** A distinct weight for each output element, so that no error of one element hides behind another. */
function weigh(output: Tensor): Tensor {
  const weights = Float32Array.from({ length: output.size }, (_, i) => Math.sin(i + 1));
  return output.mul(tensor(weights, { shape: output.shape })).sum();
}

interface Case {
  readonly name: string;
  readonly shapes: readonly Shape[];
  readonly f: (...inputs: Tensor[]) => Tensor;
  /** Maps the default values into the function's domain. */
  readonly domain?: (value: number, index: number) => number;
}

const positive = (value: number): number => Math.abs(value) + 0.5;
/** All values different, so that maxima are unique. */
const distinct = (_: number, index: number): number => ((index * 7) % 23) / 4 - 2;
const rois = tensor([
  [0, 0.5, 0.7, 5.2, 4.1],
  [1, 1.1, 0.2, 3.9, 5.8],
]);

const cases: Case[] = [
  { name: "add", shapes: [[2, 3], [3]], f: (a, b) => a.add(b) },
  {
    name: "sub",
    shapes: [
      [2, 1],
      [2, 3],
    ],
    f: (a, b) => a.sub(b),
  },
  {
    name: "mul",
    shapes: [
      [2, 3],
      [1, 3],
    ],
    f: (a, b) => a.mul(b),
  },
  {
    name: "div",
    shapes: [
      [2, 3],
      [2, 1],
    ],
    f: (a, b) => a.div(b),
    domain: positive,
  },
  { name: "pow", shapes: [[2, 3], [3]], f: (a, b) => a.pow(b), domain: positive },
  { name: "pow by a number", shapes: [[4]], f: (a) => a.pow(3) },
  { name: "maximum", shapes: [[4], [4]], f: (a, b) => maximum(a, b.add(0.3)) },
  { name: "minimum", shapes: [[4], [4]], f: (a, b) => minimum(a, b.add(0.3)) },
  { name: "where", shapes: [[4], [4]], f: (a, b) => where(a.gt(0), a.square(), b) },
  { name: "neg and abs", shapes: [[5]], f: (x) => x.neg().abs() },
  { name: "exp", shapes: [[5]], f: (x) => x.exp() },
  { name: "log", shapes: [[5]], f: (x) => x.log(), domain: positive },
  { name: "sqrt", shapes: [[5]], f: (x) => x.sqrt(), domain: positive },
  { name: "sin and cos", shapes: [[5]], f: (x) => x.sin().mul(x.cos()) },
  { name: "atan", shapes: [[5]], f: (x) => x.atan() },
  { name: "erf", shapes: [[5]], f: (x) => x.erf() },
  { name: "gelu", shapes: [[5]], f: (x) => x.mul(2).gelu() },
  { name: "roll", shapes: [[3, 4]], f: (x) => roll(x, [1, -1], [0, 1]).square() },
  { name: "layerNorm", shapes: [[2, 3, 4], [4], [4]], f: (x, w, b) => layerNorm(x, w, b) },
  {
    name: "attention",
    shapes: [
      [2, 3, 4],
      [2, 5, 4],
      [2, 5, 3],
    ],
    f: (q, k, v) => attention(q, k, v),
  },
  {
    name: "linear of more than two axes",
    shapes: [[2, 1, 2, 3], [4, 3], [4]],
    f: (x, w, b) => linear(x, w, b),
  },
  { name: "tanh", shapes: [[5]], f: (x) => x.tanh() },
  { name: "sigmoid", shapes: [[5]], f: (x) => x.sigmoid() },
  { name: "relu", shapes: [[6]], f: (x) => x.relu() },
  { name: "clamp", shapes: [[8]], f: (x) => x.clamp({ min: -0.5, max: 0.5 }).mul(x) },
  { name: "reciprocal", shapes: [[5]], f: (x) => x.reciprocal(), domain: positive },
  { name: "reshape", shapes: [[2, 6]], f: (x) => x.reshape([3, -1]).square() },
  { name: "expand", shapes: [[2, 1]], f: (x) => x.expand([3, 2, 4]).square() },
  { name: "permute", shapes: [[2, 3, 4]], f: (x) => x.permute(2, 0, 1).square() },
  { name: "slice", shapes: [[2, 7]], f: (x) => x.slice(1, 1, 6).square() },
  { name: "a strided slice", shapes: [[2, 7]], f: (x) => x.slice(1, 1, 7, 3).square() },
  {
    name: "a strided slice that ends early",
    shapes: [[8]],
    f: (x) => x.slice(0, 0, 6, 4).square(),
  },
  {
    name: "a reversed strided slice",
    shapes: [[8]],
    f: (x) => x.slice(0, 6, undefined, -2).square(),
  },
  {
    name: "every second row and third column of images",
    shapes: [[2, 2, 5, 7]],
    f: (x) => x.slice(2, 1, 5, 2).slice(3, 0, 7, 3).square(),
  },
  {
    name: "a strided 1×1 conv2d of odd sides",
    shapes: [
      [2, 3, 5, 6],
      [4, 3, 1, 1],
    ],
    f: (x, w) => conv2d(x, w, { stride: [2, 3] }).square(),
  },
  {
    name: "a conv2d of each channel by itself",
    shapes: [
      [2, 3, 5, 6],
      [3, 1, 3, 3],
    ],
    f: (x, w) => conv2d(x, w, { groups: 3, padding: 1 }),
  },
  {
    name: "a strided, dilated conv2d of each channel by itself, which does not reach the border",
    shapes: [
      [2, 2, 9, 8],
      [2, 1, 3, 2],
    ],
    f: (x, w) => conv2d(x, w, { groups: 2, stride: 2, dilation: 2, padding: [1, 0] }),
  },
  {
    name: "a conv2d of patches side by side, which does not reach the border",
    shapes: [
      [2, 2, 7, 6],
      [3, 2, 3, 2],
    ],
    f: (x, w) => conv2d(x, w, { stride: [3, 2] }),
  },
  {
    name: "a 1×1 conv2d",
    shapes: [
      [2, 3, 2, 3],
      [4, 3, 1, 1],
    ],
    f: (x, w) => conv2d(x, w).square(),
  },
  {
    name: "a grouped 1×1 conv2d",
    shapes: [
      [2, 4, 2, 3],
      [6, 2, 1, 1],
    ],
    f: (x, w) => conv2d(x, w, { groups: 2 }).square(),
  },
  { name: "flip", shapes: [[2, 3]], f: (x) => x.flip([0, 1]).square() },
  {
    name: "pad",
    shapes: [[2, 3]],
    f: (x) =>
      x
        .pad(
          [
            [1, 0],
            [2, 1],
          ],
          3,
        )
        .square(),
  },
  {
    name: "a negative pad",
    shapes: [[2, 5]],
    f: (x) =>
      x
        .pad([
          [0, 0],
          [-1, -2],
        ])
        .square(),
  },
  {
    name: "cat",
    shapes: [
      [2, 2],
      [2, 3],
    ],
    f: (a, b) => cat([a, b], 1).square(),
  },
  { name: "stack", shapes: [[3], [3]], f: (a, b) => stack([a, b], 1).square() },
  {
    name: "split",
    shapes: [[6]],
    f: (x) => {
      const [a, , c] = split(x, [2, 1, 3]);
      return cat([a.square(), c]);
    },
  },
  { name: "sum", shapes: [[2, 3, 4]], f: (x) => x.square().sum([0, 2]) },
  { name: "mean", shapes: [[2, 3, 4]], f: (x) => x.square().mean(1, { keepDims: true }) },
  { name: "max", shapes: [[3, 5]], f: (x) => x.max(1), domain: distinct },
  { name: "min over all", shapes: [[3, 5]], f: (x) => x.min(), domain: distinct },
  { name: "topk", shapes: [[3, 5]], f: (x) => x.topk(2, 1).values.square(), domain: distinct },
  { name: "softmax", shapes: [[3, 4]], f: (x) => x.softmax(1) },
  { name: "logSoftmax", shapes: [[3, 4]], f: (x) => x.logSoftmax(0) },
  {
    name: "matmul",
    shapes: [
      [3, 4],
      [4, 2],
    ],
    f: (a, b) => a.matmul(b),
  },
  {
    name: "a batched, broadcast matmul",
    shapes: [
      [2, 1, 3, 4],
      [5, 4, 2],
    ],
    f: (a, b) => matmul(a, b),
  },
  ...[
    [false, true],
    [true, false],
    [true, true],
  ].map(([transposeA, transposeB]): Case => ({
    name: `matmul with transposes ${transposeA}, ${transposeB}`,
    shapes: [transposeA ? [4, 3] : [3, 4], transposeB ? [2, 4] : [4, 2]],
    f: (a, b) => matmul(a, b, { transposeA, transposeB }),
  })),
  { name: "linear", shapes: [[3, 4], [2, 4], [2]], f: (x, w, b) => linear(x, w, b) },
  {
    name: "conv2d",
    shapes: [[2, 3, 5, 6], [4, 3, 3, 3], [4]],
    f: (x, w, b) => conv2d(x, w, { bias: b, padding: 1 }),
  },
  {
    name: "a strided conv2d",
    shapes: [
      [2, 2, 7, 6],
      [3, 2, 3, 3],
    ],
    f: (x, w) => conv2d(x, w, { stride: 2, padding: 1 }),
  },
  {
    name: "a strided conv2d of an even kernel",
    shapes: [
      [1, 2, 8, 7],
      [3, 2, 2, 4],
    ],
    f: (x, w) => conv2d(x, w, { stride: [3, 2], padding: [0, 2] }),
  },
  {
    name: "a dilated conv2d",
    shapes: [
      [1, 2, 7, 7],
      [3, 2, 3, 3],
    ],
    f: (x, w) => conv2d(x, w, { dilation: 2, padding: 2 }),
  },
  {
    name: "a strided, dilated, grouped conv2d",
    shapes: [
      [2, 4, 9, 8],
      [6, 2, 3, 3],
    ],
    f: (x, w) => conv2d(x, w, { stride: 2, dilation: 2, padding: 1, groups: 2 }),
  },
  {
    name: "a grouped conv2d",
    shapes: [
      [1, 4, 5, 5],
      [4, 2, 3, 3],
    ],
    f: (x, w) => conv2d(x, w, { groups: 2, padding: 1 }),
  },
  {
    name: "a 1×1 conv2d",
    shapes: [
      [2, 3, 4, 4],
      [5, 3, 1, 1],
    ],
    f: (x, w) => conv2d(x, w),
  },
  {
    name: "a strided 1×1 conv2d",
    shapes: [
      [2, 3, 5, 4],
      [5, 3, 1, 1],
    ],
    f: (x, w) => conv2d(x, w, { stride: 2 }),
  },
  {
    name: "a conv2d padded beyond its kernel",
    shapes: [
      [1, 1, 4, 4],
      [1, 1, 2, 2],
    ],
    f: (x, w) => conv2d(x, w, { padding: 2 }),
  },
  {
    name: "convTranspose2d",
    shapes: [[2, 3, 4, 3], [3, 2, 2, 2], [2]],
    f: (x, w, b) => convTranspose2d(x, w, { bias: b, stride: 2 }),
  },
  {
    name: "a padded, grouped convTranspose2d",
    shapes: [
      [1, 4, 4, 4],
      [4, 1, 3, 3],
    ],
    f: (x, w) => convTranspose2d(x, w, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
  },
  {
    name: "maxPool2d",
    shapes: [[1, 2, 5, 5]],
    f: (x) => maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }).square(),
    domain: distinct,
  },
  {
    name: "maxPool2d of one pixel",
    shapes: [[1, 2, 5, 5]],
    f: (x) => maxPool2d(x, { kernelSize: 1, stride: 2 }).square(),
  },
  {
    name: "avgPool2d",
    shapes: [[2, 2, 5, 5]],
    f: (x) => avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }),
  },
  {
    name: "bilinear interpolate",
    shapes: [[1, 2, 3, 4]],
    f: (x) => interpolate(x, { size: [5, 6], mode: "bilinear" }),
  },
  {
    name: "bilinear shrinking",
    shapes: [[1, 2, 6, 7]],
    f: (x) => interpolate(x, { size: [3, 3], mode: "bilinear" }),
  },
  {
    name: "bicubic interpolate",
    shapes: [[1, 2, 3, 4]],
    f: (x) => interpolate(x, { size: [5, 3], mode: "bicubic" }),
  },
  {
    name: "nearest interpolate",
    shapes: [[1, 2, 3, 4]],
    f: (x) => interpolate(x, { size: [5, 7], mode: "nearest" }),
  },
  {
    name: "nearest doubling",
    shapes: [[1, 2, 3, 2]],
    f: (x) => interpolate(x, { scaleFactor: 2, mode: "nearest" }),
  },
  {
    name: "indexSelect",
    shapes: [[4, 3]],
    f: (x) => x.indexSelect(0, tensor([2, 0, 2], { dtype: "int32" })).square(),
  },
  {
    name: "indexSelect of another axis",
    shapes: [[2, 4, 3]],
    f: (x) => x.indexSelect(1, tensor([3, 3, 1], { dtype: "int32" })).square(),
  },
  {
    name: "rows in another order",
    shapes: [[4, 3]],
    f: (x) => x.indexSelect(0, tensor([2, 0, 3, 1], { dtype: "int32" })).mul(x),
  },
  {
    name: "columns in another order",
    shapes: [[2, 3]],
    f: (x) => x.indexSelect(1, tensor([2, 0, 1], { dtype: "int32" })).mul(x),
  },
  {
    name: "gather",
    shapes: [[3, 4]],
    f: (x) =>
      x
        .gather(
          1,
          tensor(
            [
              [0, 0],
              [3, 1],
              [2, 2],
            ],
            { dtype: "int32" },
          ),
        )
        .square(),
  },
  {
    name: "scatterAdd",
    shapes: [
      [3, 4],
      [3, 2],
    ],
    f: (x, s) =>
      x
        .scatterAdd(
          1,
          tensor(
            [
              [0, 0],
              [3, 1],
              [2, 2],
            ],
            { dtype: "int32" },
          ),
          s,
        )
        .square(),
  },
  {
    name: "indexAdd",
    shapes: [[3, 2]],
    f: (s) => indexAdd(tensor([1, 1, 3], { dtype: "int32" }), s, [4, 2]).square(),
  },
  {
    name: "aligned roiAlign",
    shapes: [[2, 2, 6, 6]],
    f: (x) =>
      roiAlign(x, rois, { outputSize: [2, 3], spatialScale: 1, samplingRatio: 0, aligned: true }),
  },
  {
    name: "legacy roiAlign",
    shapes: [[2, 2, 6, 6]],
    f: (x) =>
      roiAlign(x, rois, {
        outputSize: [2, 2],
        spatialScale: 0.5,
        samplingRatio: 2,
        aligned: false,
      }),
  },
  {
    name: "gridSample",
    shapes: [
      [1, 2, 4, 5],
      [1, 3, 2, 2],
    ],
    f: (x, g) => gridSample(x, g.mul(0.87)),
  },
  {
    name: "sparseMatmul",
    shapes: [[5, 3]],
    f: (x) =>
      sparseMatmul(
        {
          shape: [4, 5],
          rowEnds: Int32Array.of(2, 2, 3, 7),
          columns: Int32Array.of(4, 1, 1, 0, 1, 4, 4),
          values: Float32Array.of(0.5, -2, 3, 0.25, 1, -1, 2),
        },
        x,
        2,
      ),
  },
];

describe("gradients agree with finite differences", () => {
  it.each(cases)("of $name", async ({ shapes, f, domain = (value: number) => value }) => {
    const inputs = shapes.map((shape, i) => {
      const data = values(sizeOf(shape), i + 1).map((value, j) => domain(value, j + i));
      return new Parameter(data, shape);
    });
    const gradients = grad(weigh(f(...inputs)), inputs);
    await realize(...gradients);
    for (const [i, input] of inputs.entries()) {
      const constants = inputs.map((each) =>
        tensor(each.dataSync() as Float32Array, { shape: each.shape }),
      );
      await gradcheck({
        f: (x: Float32Array) =>
          weigh(f(...constants.with(i, tensor(x, { shape: input.shape })))).item(),
        x: input.dataSync() as Float32Array,
        gradient: gradients[i].dataSync() as Float32Array,
        eps: 1 / 128,
        atol: 4e-3,
        rtol: 4e-3,
      });
    }
  });

  it("of a host operation with a backward", async () => {
    const cube = (x: Tensor): Tensor =>
      hostOp({
        name: "cube",
        inputs: [x],
        outputs: [{ shape: x.shape, dtype: "float32" }],
        forward: ([{ data }]) => [(data as Float32Array).map((v) => v ** 3)],
        backward: ([g], [{ data }]) => [
          (g.data as Float32Array).map((v, i) => v * 3 * (data as Float32Array)[i] ** 2),
        ],
      })[0];
    const x = new Parameter(Float32Array.of(1, -2, 0.5), [3]);
    const [gradient] = grad(cube(x.mul(2)).sum(), [x]);
    expect(Array.from((await gradient.data()) as Float32Array)).toEqual([24, 96, 6]);
  });

  it("of a gradient, where asked for", async () => {
    const x = new Parameter(Float32Array.of(2), [1]);
    const [first] = grad(x.pow(3).sum(), [x], { createGraph: true });
    const [second] = grad(first.sum(), [x]);
    expect(await second.item()).toBeCloseTo(12, 4);
  });
});

describe("gradients over a batch that may be empty", () => {
  const weight = (...shape: number[]) => new Parameter(values(sizeOf(shape), 3), shape);
  const layers: readonly [string, Parameter, (x: Tensor, w: Parameter) => Tensor][] = [
    ["conv2d", weight(3, 2, 3, 3), (x, w) => conv2d(x, w, { padding: 1 })],
    ["strided conv2d", weight(3, 2, 1, 1), (x, w) => conv2d(x, w, { stride: 2 })],
    ["pointwise conv2d", weight(3, 2, 1, 1), (x, w) => conv2d(x, w)],
    ["conv2d of each channel", weight(2, 1, 3, 3), (x, w) => conv2d(x, w, { groups: 2 })],
    ["conv2d of patches", weight(3, 2, 2, 2), (x, w) => conv2d(x, w, { stride: 2 })],
    ["convTranspose2d", weight(2, 3, 2, 2), (x, w) => convTranspose2d(x, w, { stride: 2 })],
    ["linear", weight(3, 32), (x, w) => linear(x.flatten(1), w)],
    [
      "interpolate",
      weight(2, 1, 1),
      (x, w) => interpolate(x, { scaleFactor: 2, mode: "bilinear" }).mul(w),
    ],
    ["maxPool2d", weight(2, 1, 1), (x, w) => maxPool2d(x, { kernelSize: 2, stride: 2 }).mul(w)],
    ["avgPool2d", weight(2, 1, 1), (x, w) => avgPool2d(x, { kernelSize: 2, stride: 2 }).mul(w)],
  ];

  it.each(layers)("of %s are zero for none, from the sessions for some", async (_, w, f) => {
    const before = new Parameter(Float32Array.of(2), [1]);
    const compilations: number[] = [];
    for (const count of [2, 0, 3]) {
      const x = tensor(values(count * 32, 1), { shape: [count, 2, 4, 4] });
      before.grad = null;
      w.grad = null;
      await f(x.mul(before), w).square().sum().backward();
      const gradients = [...before.grad!.dataSync(), ...w.grad!.dataSync()];
      expect(gradients.some((each) => each !== 0)).toBe(count > 0);
      compilations.push(runtime.stats().compilations);
    }
    expect(compilations).toEqual(compilations.map(() => compilations[0]));
  });
});

describe("gradients that do not exist", () => {
  it("throw by the operation's name", () => {
    const x = new Parameter(Float32Array.of(2), [1]);
    const [opaque] = hostOp({
      name: "opaque",
      inputs: [x],
      outputs: [{ shape: [1], dtype: "float32" }],
      forward: ([{ data }]) => [data],
    });
    expect(() => grad(opaque.sum(), [x])).toThrow(NotDifferentiableError);
    expect(() => grad(opaque.sum(), [x])).toThrow("opaque: this host operation has no backward");
  });

  it("throw when a tensor does not influence the loss", () => {
    const x = new Parameter(Float32Array.of(2), [1]);
    const y = new Parameter(Float32Array.of(2), [1]);
    expect(() => grad(x.sum(), [y])).toThrow("does not influence the loss");
    expect(() => grad(x.argmax(0).to("float32").sum(), [x])).toThrow(NotDifferentiableError);
  });

  it("stop at detach, and add up over uses", async () => {
    const x = new Parameter(Float32Array.of(3), [1]);
    await x.mul(x.detach()).add(x).sum().backward();
    expect(x.grad?.dataSync()).toEqual(Float32Array.of(4));
    await x.sum().backward();
    expect(x.grad?.dataSync()).toEqual(Float32Array.of(5));
  });

  it("are multiplied on their way through scaleGradient", async () => {
    const x = new Parameter(Float32Array.of(3), [1]);
    const loss = scaleGradient(x.mul(2), 0.25).square().sum();
    await loss.backward();
    expect(await loss.item()).toBe(36);
    expect(x.grad?.dataSync()).toEqual(Float32Array.of(2 * 12 * 0.25));
  });
});
