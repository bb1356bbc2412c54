import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { DetectionCheckpointer } from "@detectron-ts/checkpoint";
import type { Config } from "@detectron-ts/config";
import {
  buildModel,
  type ModelInput,
  type PanopticFPN,
  type PanopticOutput,
  type PanopticSegmentation,
  type SemanticSegmentor,
} from "@detectron-ts/modeling";
import { Boxes, Instances, PolygonMasks } from "@detectron-ts/structures";
import { goldenRoot, loadGolden } from "@detectron-ts/testing";
import ndarray, { type NdArray } from "ndarray";
import { beforeAll, describe, expect, it } from "vitest";

import { GoldenCase, type GoldenRun, type RecordedSegment, RUNS } from "./golden-case.ts";
import { norm, trainingStep } from "./training-step.ts";
import { getConfig } from "./zoo-config.ts";

/** The case that is copied here. The others need the recorded data beside the repository. */
const COPIED = fileURLToPath(new URL("golden/infer_panoptic_fpn_tiny", import.meta.url));

/** A semantic segmentor gives a part of what a panoptic model does. */
type Output = Pick<PanopticOutput, "semSeg"> & Partial<PanopticOutput>;

const root = goldenRoot();
const others = root === undefined ? [] : ["infer_semantic_R_50_FPN", "infer_panoptic_fpn_R_50"];
const cases = [
  ["infer_panoptic_fpn_tiny", COPIED],
  ...others.map((name) => [name, join(root ?? "", name)]),
];

describe.each(cases)("segmentations of %s", (_name, folder) => {
  const golden = new GoldenCase(folder);
  let model: PanopticFPN | SemanticSegmentor;
  beforeAll(async () => {
    model = await golden.loadModel<PanopticFPN | SemanticSegmentor>();
  });

  describe.each(RUNS)("%s", (runName) => {
    let run: GoldenRun;
    let outputs: readonly Output[];
    beforeAll(async () => {
      run = golden.run(runName);
      outputs = await model.inference(run.inputs);
    });

    it("has the same logits", async () => {
      for (const [i, { semSeg }] of outputs.entries()) {
        const { shape, sample_stride } = run.results.images[i].sem_seg!;
        const logits = await semSeg.logits.data();
        expect(semSeg.logits.shape).toEqual(shape);
        const sample = Array.from(logits, Number).filter((_, k) => k % sample_stride === 0);
        const recorded = run.recorded.float32(`${i}.sem_seg.sample`).data;
        expect(sample).toBeAllclose(recorded, { atol: golden.tolerances.sem_seg, rtol: 0 });
      }
    });

    it("has the same labels but where two logits are the same within their tolerance", async () => {
      for (const [i, { semSeg }] of outputs.entries()) {
        const labels = (await semSeg.argmax()).data;
        const recorded = run.recorded.uint8(`${i}.sem_seg.argmax`);
        const logits = await semSeg.logits.data();
        expect(semSeg.imageSize).toEqual(recorded.shape);
        const different = [...labels].flatMap((label, pixel) => {
          const [own, theirs] = [label, recorded.data[pixel]].map((each) =>
            Number(logits[each * labels.length + pixel]),
          );
          return own - theirs > 2 * golden.tolerances.sem_seg! ? [pixel] : [];
        });
        expect(different).toEqual([]);
      }
    });

    it("has the same segments, but for a few pixels on their borders", () => {
      for (const [i, { panopticSeg }] of outputs.entries()) {
        if (panopticSeg === undefined) continue;
        const recorded = run.recorded.uint8(`${i}.panoptic_seg`).data;
        const flipped = golden.tolerances.mask_pixels_flipped_total;
        expectSegments(panopticSeg, run.results.images[i].segments_info!, flipped);
        expect(differing(panopticSeg.panopticSeg, recorded)).toBeLessThanOrEqual(flipped);
      }
    });
  });
});

/** What `variants.json` says: the same model and batch under other settings. */
interface Variant {
  readonly name: string;
  readonly overrides: readonly string[];
  readonly images: readonly {
    readonly segments_info: readonly RecordedSegment[];
    readonly num_instances: number;
  }[];
}

describe("what is put together under other settings", () => {
  const variants: readonly Variant[] = readJson("variants.json");
  const golden = new GoldenCase(COPIED);
  const recorded = loadGolden(join(COPIED, "variants.safetensors"));

  it.each(variants)("$name", async ({ name, overrides, images }) => {
    const model = await golden.loadModel<PanopticFPN>(() => buildModel(config(overrides)));
    const outputs = await model.inference(golden.run("batch").inputs);
    const flipped = golden.tolerances.mask_pixels_flipped_total;
    for (const [i, { instances, panopticSeg }] of outputs.entries()) {
      expect(instances.length).toBe(images[i].num_instances);
      expectSegments(panopticSeg, images[i].segments_info, flipped);
      const pixels = recorded.tensors.get(`${name}.${i}.panoptic_seg`);
      if (!pixels) continue;
      expect(differing(panopticSeg.panopticSeg, pixels.data)).toBeLessThanOrEqual(flipped);
    }
  });
});

/** What `train.json` says. */
interface RecordedSteps {
  readonly ground_truth: readonly {
    readonly boxes: readonly [number, number, number, number][];
    readonly classes: readonly number[];
  }[];
  readonly cases: readonly {
    readonly name: string;
    readonly overrides: readonly string[];
    readonly ignored_images: readonly number[];
    readonly losses: Readonly<Record<string, number>>;
    readonly gradient_l2: Readonly<Record<string, number>>;
    readonly tolerance_hint: { readonly losses_rel: number; readonly gradient_l2_rel: number };
  }[];
}

describe("a training step in which everything is sampled", () => {
  const { ground_truth, cases: steps }: RecordedSteps = readJson("train.json");

  it.each(steps)("$name", async ({ overrides, ignored_images, ...recorded }) => {
    const model = buildModel<PanopticFPN | SemanticSegmentor>(config(overrides)).train();
    await new DetectionCheckpointer(model).load(join(COPIED, "model.pkl"));
    const { losses, gradients } = await trainingStep(model, batch(ignored_images));
    const { losses_rel, gradient_l2_rel } = recorded.tolerance_hint;
    expect(Object.keys(losses)).toEqual(Object.keys(recorded.losses));
    const close = { rtol: losses_rel, atol: 0 };
    expect(Object.values(losses)).toBeAllclose(Object.values(recorded.losses), close);
    expect([...gradients.keys()]).toEqual(Object.keys(recorded.gradient_l2));
    const norms = Array.from(gradients.values(), norm);
    const tolerance = { rtol: gradient_l2_rel, atol: 0 };
    expect(norms).toBeAllclose(Object.values(recorded.gradient_l2), tolerance);
  });

  function batch(ignored: readonly number[]): ModelInput[] {
    const images = loadGolden(join(COPIED, "inputs.safetensors"));
    return ground_truth.map(({ boxes, classes }, i) => {
      const { data, shape } = images.uint8(`${i}.image`);
      const [, height, width] = shape;
      const instances = new Instances([height, width], {
        gtBoxes: new Boxes(boxes),
        gtClasses: Int32Array.from(classes),
        gtMasks: new PolygonMasks(
          boxes.map(([x0, y0, x1, y1]) => [[x0, y0, x1, y0, x1, y1, x0, y1]]),
        ),
      });
      const labels = Uint8Array.from({ length: height * width }, (_, pixel) => {
        const [row, column] = [Math.floor(pixel / width), pixel % width];
        if (ignored.includes(i) || (row + column) % 11 === 0) return 255;
        return (Math.floor(row / 16) + Math.floor(column / 20)) % 6;
      });
      const semSeg = ndarray(labels, [height, width]);
      return { image: ndarray(data, [...shape]), instances, semSeg };
    });
  }
});

/** The config of the case that is copied, with other settings. */
function config(overrides: readonly string[]): Config {
  const settings: { config: string; overrides: string[] } = readJson("case.json");
  const cfg = getConfig(settings.config);
  cfg.mergeFromList([...settings.overrides, ...overrides]);
  return cfg;
}

/** @param pixels - by how much areas may differ. */
function expectSegments(
  { segmentsInfo }: PanopticSegmentation,
  recorded: readonly RecordedSegment[],
  pixels: number,
): void {
  expect(segmentsInfo).toEqual(
    recorded.map(({ id, isthing, category_id, instance_id, score, area }) => ({
      id,
      isThing: isthing,
      categoryId: category_id,
      ...(isthing
        ? { score: expect.closeTo(score!, 3), instanceId: instance_id }
        : { area: expect.toSatisfy((own: number) => Math.abs(own - area!) <= pixels) }),
    })),
  );
}

function differing({ data }: NdArray<Int32Array>, recorded: ArrayLike<number | bigint>): number {
  return data.reduce((sum, id, pixel) => sum + (id === Number(recorded[pixel]) ? 0 : 1), 0);
}

function readJson<Json>(name: string): Json {
  return JSON.parse(readFileSync(join(COPIED, name), "utf8"));
}
