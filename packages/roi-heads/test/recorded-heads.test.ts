import { readFileSync } from "node:fs";

import { getCfg } from "@detectron-ts/config";
import { EventStorage } from "@detectron-ts/events";
import { ModuleList } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import { BitMasks, Instances, Keypoints } from "@detectron-ts/structures";
import { grad, Parameter, realize, type Tensor } from "@detectron-ts/tensor";
import { compareAllclose, loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";

import {
  BaseROIHeads,
  buildRoiHeads,
  FastRCNNOutputLayers,
  SeparateBranchROIHeads,
  setFedLossClsWeightsSource,
  type FeatureShapes,
  type TargetFields,
} from "../src/index.ts";
import { imagesOf, proposalsOf, toArray, toBoxes, toTensor } from "./support.ts";

// ROI heads alone, on made features, proposals and ground truth, which are the same in all cases.

interface RecordedCase {
  readonly overrides: readonly unknown[];
  readonly empty_images: readonly number[];
  readonly invisible_keypoints: boolean;
  readonly losses: Readonly<Record<string, number>>;
  readonly scalars: Readonly<Record<string, number>>;
  readonly gradients: Readonly<Record<string, readonly [l2: number, sum: number]>>;
  /** What was drawn for each federated loss. */
  readonly fed_loss_classes: readonly number[][];
}

interface Recorded {
  readonly image_size: readonly [height: number, width: number];
  readonly strides: Readonly<Record<string, number>>;
  readonly channels: number;
  readonly base: readonly unknown[];
  readonly cases: Readonly<Record<string, RecordedCase>>;
}

const file = (name: string) => new URL(`./golden/${name}`, import.meta.url);
const recorded: Recorded = JSON.parse(readFileSync(file("roi_heads.json"), "utf8"));
const inputs = loadGolden(file("roi_heads_inputs"));
const results = loadGolden(file("roi_heads"));
const size = recorded.image_size;
const shapes: FeatureShapes = Object.fromEntries(
  Object.entries(recorded.strides).map(([name, stride]) => [
    name,
    { channels: recorded.channels, stride },
  ]),
);

// Images that have each of the seven classes, to the power of a half.
setFedLossClsWeightsSource((_, power) =>
  [100, 3, 50, 7, 20, 400, 1].map((count) => count ** power),
);

function build(name: string): BaseROIHeads {
  const { overrides, fed_loss_classes } = recorded.cases[name];
  const cfg = getCfg();
  cfg.mergeFromList([...recorded.base, ...overrides]);
  const heads = buildRoiHeads(cfg, shapes);
  if (!(heads instanceof SeparateBranchROIHeads)) throw new TypeError();
  const weights = [...heads.stateDict().keys()].map((key) => {
    const { data, shape } = results.float32(`${name}.weights.${key}`);
    return [key, { shape, dtype: "float32", data }] as const;
  });
  heads.loadStateDict(new Map(weights));
  const predictors: FastRCNNOutputLayers[] =
    heads.boxPredictor instanceof ModuleList ? [...heads.boxPredictor] : [heads.boxPredictor];
  fed_loss_classes.forEach((drawn, stage) => {
    predictors[stage].getFedLossClasses = () => Int32Array.from(drawn);
  });
  return heads;
}

const proposals = () =>
  [0, 1].map((i) => proposalsOf(toBoxes(inputs.float32(`${i}.proposal_boxes`)), size));

function targets({ empty_images, invisible_keypoints }: RecordedCase): Instances<TargetFields>[] {
  return [0, 1].map((i) => {
    const keypoints = inputs.float32(`${i}.gt_keypoints`);
    const masks = inputs.uint8(`${i}.gt_masks`);
    const visible = (value: number, j: number): number =>
      invisible_keypoints && j % 3 === 2 ? 0 : value;
    const all = new Instances<TargetFields>(size, {
      gtBoxes: toBoxes(inputs.float32(`${i}.gt_boxes`)),
      gtClasses: Int32Array.from(inputs.int64(`${i}.gt_classes`).data, Number),
      gtMasks: new BitMasks(ndarray(masks.data.slice(), [...masks.shape])),
      gtKeypoints: new Keypoints(ndarray(keypoints.data.map(visible), [...keypoints.shape])),
    });
    return empty_images.includes(i) ? all.select([]) : all;
  });
}

/** Names of what differs. */
function differences(pairs: Iterable<readonly [name: string, same: boolean]>): string[] {
  return [...pairs].filter(([, same]) => !same).map(([name]) => name);
}

describe.each(Object.keys(recorded.cases))("%s, as detectron2 did it", (name) => {
  const golden = recorded.cases[name];

  it("has the same losses, scalars and gradients of weights and features", async () => {
    const heads = build(name);
    const features = Object.fromEntries(
      Object.keys(shapes).map((level) => {
        const { data, shape } = inputs.float32(`features.${level}`);
        return [level, new Parameter(data.slice(), shape)];
      }),
    );
    using storage = new EventStorage();
    const [, losses] = await heads(imagesOf(size, size), features, proposals(), targets(golden));
    const total = Object.values(losses).reduce((sum, loss) => sum.add(loss));
    const parameters: [string, Tensor][] = [
      ...heads.namedParameters(),
      ...Object.entries(features).map(([level, x]): [string, Tensor] => [`features.${level}`, x]),
    ];
    const gradients = grad(
      total,
      parameters.map(([, parameter]) => parameter),
    );
    await realize(total, ...Object.values(losses), ...gradients);

    expect(Object.keys(losses)).toEqual(Object.keys(golden.losses));
    const values = Object.values(losses).map((loss) => Number(loss.dataSync()[0]));
    expect(values).toBeAllclose(Object.values(golden.losses), { rtol: 2e-6, atol: 0 });

    await storage.settle();
    const scalars = [...storage.latest()].map(([key, { value }]) => [key, value]);
    expect(Object.fromEntries(scalars)).toEqual(golden.scalars);

    const differing = parameters.map(([key], i) => {
      const data = gradients[i].dataSync() as Float32Array;
      const [l2, sum] = golden.gradients[key];
      // A bias before a softmax over space has no gradient but rounding.
      const tolerance = 3e-6 * l2 + 3e-7;
      const ownSum = data.reduce((partial, value) => partial + value, 0);
      const isClose =
        Math.abs(Math.hypot(...data) - l2) <= tolerance &&
        Math.abs(ownSum - sum) <= tolerance * Math.sqrt(data.length);
      if (!results.tensors.has(`${name}.grad.${key}`)) return [key, isClose] as const;
      const complete = toArray(results.float32(`${name}.grad.${key}`));
      const { pass } = compareAllclose(data, complete.data, { atol: tolerance, rtol: 0 });
      return [key, isClose && pass] as const;
    });
    expect(parameters.map(([key]) => key).sort()).toEqual(Object.keys(golden.gradients).sort());
    expect(differences(differing)).toEqual([]);
  });

  it("finds the same instances, and compiles nothing for another number of proposals", async () => {
    const heads = build(name).eval();
    const features = Object.fromEntries(
      Object.keys(shapes).map((level) => [level, toTensor(inputs.float32(`features.${level}`))]),
    );
    const images = imagesOf(size, size);
    const [instances] = await heads(images, features, proposals());
    for (const [i, image] of instances.entries()) {
      const found: Record<string, { data: ArrayLike<number>; shape: readonly number[] }> = {
        pred_boxes: image.predBoxes.tensor,
        scores: image.scores,
        pred_classes: image.predClasses,
        ...(image.predMasks && { pred_masks: image.predMasks }),
        ...(image.predKeypoints && { pred_keypoints: image.predKeypoints }),
        ...(image.predKeypointHeatmaps && { pred_keypoint_heatmaps: image.predKeypointHeatmaps }),
      };
      const prefix = `${name}.${i}.`;
      const names = [...results.tensors.keys()].filter((key) => key.startsWith(prefix));
      expect(names.map((key) => key.slice(prefix.length)).sort()).toEqual(
        Object.keys(found).sort(),
      );
      const differing = names.map((key) => {
        const { data } = results.tensor(key);
        const wanted = Float32Array.from<number | bigint>(data, Number);
        const { data: all, shape } = found[key.slice(prefix.length)];
        expect(shape[0]).toBe(image.length);
        // Of masks and heatmaps only the first are recorded.
        const first = Array.from(all).slice(0, wanted.length);
        return [key, compareAllclose(first, wanted, { atol: 5e-5, rtol: 1e-6 }).pass] as const;
      });
      expect(differences(differing)).toEqual([]);
    }

    const { compilations } = runtime.stats();
    const fewer = proposals().map((image, i) => image.select({ end: 7 * i }));
    const [[none, some]] = await heads(images, features, fewer);
    expect([none.length, some.length > 0]).toEqual([0, true]);
    expect(runtime.stats().compilations).toBe(compilations);
  });
});
