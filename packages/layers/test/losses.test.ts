import "@detectron-ts/runtime";
import { Parameter, grad, tensor, zeros, type Tensor } from "@detectron-ts/tensor";
import { loadGolden, type GoldenTensor } from "@detectron-ts/testing";
import { describe, expect, test } from "vitest";
import {
  LayerShapeError,
  binaryCrossEntropyWithLogits,
  ciouLoss,
  crossEntropy,
  diouLoss,
  giouLoss,
  sigmoidFocalLoss,
  smoothL1Loss,
  type Reduction,
} from "../src/index.ts";

interface LossCases {
  readonly cases: readonly {
    readonly name: string;
    readonly reduction?: Reduction;
    readonly beta?: number;
    readonly alpha?: number;
    readonly gamma?: number;
  }[];
}

const golden = loadGolden<LossCases>(new URL("./golden/losses", import.meta.url));

function leaf({ data, shape }: GoldenTensor<Float32Array>): Tensor {
  return tensor(data, { shape });
}

/** Compares a loss and its gradient (of its sum, when it is not one number) with the recorded ones. */
async function expectRecorded(name: string, at: GoldenTensor<Float32Array>, loss: Loss) {
  const input = new Parameter(at.data, at.shape);
  const value = loss(input);
  const [gradient] = grad(value.sum(), [input]);
  const recorded = golden.float32(`${name}.loss`);
  expect(value.shape).toEqual(recorded.shape);
  expect(await value.data()).toBeAllclose(recorded.data);
  expect(await gradient.data()).toBeAllclose(golden.float32(`${name}.grad`).data);
}

type Loss = (input: Tensor) => Tensor;

describe("losses equal detectron2's, with their gradients", () => {
  for (const { name, reduction = "mean", beta = 0, alpha = -1, gamma = 2 } of golden.json.cases) {
    if (name.startsWith("smooth_l1.")) {
      test(`smoothL1Loss with beta ${beta}, ${reduction}`, async () => {
        const target = leaf(golden.float32("smooth_l1.target"));
        await expectRecorded(name, golden.float32("smooth_l1.input"), (input) =>
          smoothL1Loss(input, target, { beta, reduction }),
        );
      });
    }
    if (name.startsWith("focal.")) {
      test(`sigmoidFocalLoss with alpha ${alpha}, gamma ${gamma}, ${reduction}`, async () => {
        const target = leaf(golden.float32("focal.target"));
        await expectRecorded(name, golden.float32("focal.logits"), (logits) =>
          sigmoidFocalLoss(logits, target, { alpha, gamma, reduction }),
        );
      });
    }
  }

  for (const [name, loss] of Object.entries({ giou: giouLoss, diou: diouLoss, ciou: ciouLoss })) {
    test(`${name}Loss`, async () => {
      const target = leaf(golden.float32("iou_losses.target"));
      await expectRecorded(name, golden.float32("iou_losses.pred"), (pred) => loss(pred, target));
    });
  }

  test("crossEntropy", async () => {
    const target = tensor(golden.int64("cross_entropy.target").data.slice());
    await expectRecorded("cross_entropy", golden.float32("cross_entropy.logits"), (logits) =>
      crossEntropy(logits, target),
    );
  });

  test("binaryCrossEntropyWithLogits", async () => {
    const target = leaf(golden.float32("bce.target"));
    await expectRecorded("bce", golden.float32("cross_entropy.logits"), (logits) =>
      binaryCrossEntropyWithLogits(logits, target),
    );
  });
});

describe("losses at their edges", () => {
  test("the mean over no elements is zero, with a gradient of zeros", async () => {
    const empty = new Parameter(new Float32Array(0), [0, 5]);
    const loss = crossEntropy(empty, zeros([0], "int64"));
    expect(await loss.item()).toBe(0);
    expect(grad(loss, [empty])[0].shape).toEqual([0, 5]);
    const boxes = zeros([0, 4]);
    expect(await giouLoss(boxes, boxes, { reduction: "mean" }).item()).toBe(0);
    expect(await smoothL1Loss(boxes, boxes, { beta: 1, reduction: "mean" }).item()).toBe(0);
    expect(await sigmoidFocalLoss(boxes, boxes, { reduction: "mean" }).item()).toBe(0);
    expect(await binaryCrossEntropyWithLogits(boxes, boxes).item()).toBe(0);
  });

  test("what is ignored has neither loss nor gradient, nor counts in the mean", async () => {
    // Two classes at each of 1×3 pixels; the classes of a pixel lie one plane apart.
    const logits = new Parameter(Float32Array.of(0, 2, 5, 0, 0, -5), [1, 2, 1, 3]);
    const target = tensor(Int32Array.of(0, 1, 255), { shape: [1, 1, 3] });
    const loss = crossEntropy(logits, target, { ignoreIndex: 255 });
    const [gradient] = grad(loss, [logits]);
    const wrong = Math.log1p(Math.exp(2));
    expect(await loss.item()).toBeCloseTo((Math.LN2 + wrong) / 2, 6);
    const share = 1 / (1 + Math.exp(-2)) / 2;
    expect(await gradient.data()).toBeAllclose([-0.25, share, 0, 0.25, -share, 0]);

    const each = crossEntropy(logits, target, { ignoreIndex: 255, reduction: "none" });
    expect(each.shape).toEqual([1, 1, 3]);
    expect(await each.data()).toBeAllclose([Math.LN2, wrong, 0]);
  });

  test("the mean over nothing but what is ignored is zero, with a gradient of zeros", async () => {
    const logits = new Parameter(Float32Array.of(1, 2, 3, 4), [2, 2]);
    const loss = crossEntropy(logits, tensor(Int32Array.of(-1, -1)), { ignoreIndex: -1 });
    const [gradient] = grad(loss, [logits]);
    expect(await loss.item()).toBe(0);
    expect(await gradient.data()).toBeAllclose([0, 0, 0, 0]);
  });

  test("equal boxes have no loss, and one half apart has detectron2's", async () => {
    const boxes = tensor([
      [0, 0, 1, 1],
      [0, 0, 1, 1],
    ]);
    const others = tensor([
      [0, 0, 1, 1],
      [0, 0.5, 1, 1],
    ]);
    for (const loss of [giouLoss, diouLoss, ciouLoss]) {
      const [same] = await loss(boxes, others).data();
      expect(Number(same)).toBeCloseTo(0, 6);
    }
    // IoU ½; centres ¼ apart, diagonal² 2.
    const [, shifted] = await diouLoss(boxes, others).data();
    expect(Number(shifted)).toBeCloseTo(0.5 + 0.0625 / 2, 5);
  });

  test("huge logits neither overflow nor lose their gradient", async () => {
    const logits = new Parameter(Float32Array.of(-1000, -0, 0, 1000), [4]);
    const loss = binaryCrossEntropyWithLogits(logits, tensor([1, 0, 1, 0]), { reduction: "sum" });
    const [gradient] = grad(loss, [logits]);
    expect(await loss.item()).toBeCloseTo(2000 + 2 * Math.log(2), 3);
    expect(await gradient.data()).toBeAllclose([-1, 0.5, -0.5, 1]);
  });

  test("shapes that do not belong together are refused at the call", () => {
    expect(() => giouLoss(zeros([3, 4]), zeros([2, 4]))).toThrow(LayerShapeError);
    expect(() => ciouLoss(zeros([3, 5]), zeros([3, 5]))).toThrow("[…, 4]");
    expect(() => crossEntropy(zeros([3, 5]), zeros([2], "int64"))).toThrow("target");
    expect(() => crossEntropy(zeros([2, 5, 4, 3]), zeros([2, 4], "int64"))).toThrow("target");
    expect(() => crossEntropy(zeros([2, 5, 4]), zeros([2, 4], "int64"))).toThrow("logits");
  });
});
