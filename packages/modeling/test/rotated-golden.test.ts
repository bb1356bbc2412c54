import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { DetectionCheckpointer } from "@detectron-ts/checkpoint";
import { buildModel, type GeneralizedRCNN, type ModelInput } from "@detectron-ts/modeling";
import { type Proposals, RRPN } from "@detectron-ts/proposal-generator";
import { RROIHeads } from "@detectron-ts/roi-heads";
import { Instances, RotatedBoxes } from "@detectron-ts/structures";
import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { beforeAll, describe, expect, it } from "vitest";

import { GoldenCase, type GoldenRun, RUNS } from "./golden-case.ts";
import { type PartResults, runParts } from "./run-parts.ts";
import { norm, type TrainingStep, trainingStep } from "./training-step.ts";
import { getConfig } from "./zoo-config.ts";

type RotatedModel = GeneralizedRCNN<RROIHeads, RRPN>;

interface CaseJson {
  readonly config: string;
  readonly overrides: readonly string[];
  readonly training_overrides: readonly string[];
  readonly tolerance_hint: { readonly losses_rel: number; readonly gradient_l2_rel: number };
}

interface TrainJson {
  readonly losses: Readonly<Record<string, number>>;
  readonly event_storage_scalars: Readonly<Record<string, number>>;
  readonly gradients: Readonly<Record<string, { readonly l2: number }>>;
  readonly frozen_parameters: readonly string[];
}

const file = (name: string) =>
  fileURLToPath(new URL(`golden/rotated_rcnn_tiny/${name}`, import.meta.url));
const json = (name: string) => JSON.parse(readFileSync(file(name), "utf8"));

describe("a Faster R-CNN of rotated boxes, as detectron2 ran it", () => {
  const golden = new GoldenCase(file(""));
  let model: RotatedModel;
  beforeAll(async () => {
    model = await golden.loadModel<RotatedModel>();
  });

  it("is made of the parts that its config names", () => {
    expect(model.proposalGenerator).toBeInstanceOf(RRPN);
    expect(model.roiHeads).toBeInstanceOf(RROIHeads);
  });

  describe.each(RUNS)("%s", (runName) => {
    let run: GoldenRun;
    let results: PartResults;
    beforeAll(async () => {
      run = golden.run(runName);
      results = await runParts(model, run.inputs);
    });

    it("gives the same feature maps", async () => {
      for (const [level, { shape, sample_stride: stride = 1 }] of Object.entries(
        run.results.feature_stats,
      )) {
        expect(results.features[level].shape).toEqual(shape);
        const values = await results.features[level].data();
        const sample = Array.from(values, Number).filter((_, i) => i % stride === 0);
        const recorded = run.recorded.float32(`features_sample.${level}`).data;
        expect(sample).toBeAllclose(recorded, { atol: golden.tolerances.features, rtol: 0 });
      }
    });

    it("gives the same proposals and detections, angles included, in the same order", () => {
      const { boxes_px, scores, objectness_logits } = golden.tolerances;
      const compare = (name: string, got: Parameters<typeof expect>[0], atol: number) =>
        expect(got).toBeAllclose(run.recorded.float32(name), { atol, rtol: 0 });
      for (const [i, output] of results.outputs.entries()) {
        const proposals = results.proposals[i];
        expect(proposals.proposalBoxes).toBeInstanceOf(RotatedBoxes);
        compare(`${i}.proposals.proposal_boxes`, proposals.proposalBoxes.tensor, boxes_px);
        compare(`${i}.proposals.objectness_logits`, proposals.objectnessLogits, objectness_logits);
        if (!("instances" in output)) throw new Error("Detections are wanted.");
        for (const [stage, instances] of [
          ["raw_instances", results.rawInstances[i]],
          ["instances", output.instances],
        ] as const) {
          expect(instances.predBoxes).toBeInstanceOf(RotatedBoxes);
          compare(`${i}.${stage}.pred_boxes`, instances.predBoxes.tensor, boxes_px);
          compare(`${i}.${stage}.scores`, instances.scores, scores);
          const classes = run.recorded.int64(`${i}.${stage}.pred_classes`).data;
          expect([...instances.predClasses.data]).toEqual(Array.from(classes, Number));
        }
      }
    });
  });
});

describe("a training step of that model, in which everything is sampled, as detectron2 did it", () => {
  const golden: CaseJson = json("case.json");
  const recorded: TrainJson = json("train.json");
  let model: RotatedModel;
  let step: TrainingStep;
  let proposals: Proposals[];

  beforeAll(async () => {
    const cfg = getConfig(golden.config);
    cfg.mergeFromList([...golden.overrides, ...golden.training_overrides]);
    model = buildModel<RotatedModel>(cfg);
    await new DetectionCheckpointer(model).load(file("model.pkl"));
    model.proposalGenerator.registerForwardHook((_generator, _inputs, output) => {
      proposals = output[0];
    });
    step = await trainingStep(model.train(), batch());
  });

  it("proposes the same regions", () => {
    const expected = loadGolden(file("proposals.safetensors"));
    for (const [i, { proposalBoxes }] of proposals.entries()) {
      const boxes = expected.float32(`${i}.proposals.proposal_boxes`);
      expect(proposalBoxes.tensor).toBeAllclose(boxes, { atol: 1e-2, rtol: 0 });
    }
  });

  it("has the same losses, and records the same scalars", () => {
    const names = Object.keys(recorded.losses);
    expect(Object.keys(step.losses).sort()).toEqual(names.toSorted());
    const rtol = golden.tolerance_hint.losses_rel;
    const got = names.map((name) => step.losses[name]);
    expect(got).toBeAllclose(Object.values(recorded.losses), { rtol, atol: 0 });
    const expected = Object.entries(recorded.event_storage_scalars);
    expect(expected.map(([name]) => step.scalars[name])).toBeAllclose(
      expected.map(([, value]) => value),
    );
  });

  it("has gradients of the same parameters and of the same norm", () => {
    const { frozenParameters, gradients } = step;
    expect([...frozenParameters].sort()).toEqual([...recorded.frozen_parameters].sort());
    const names = Object.keys(recorded.gradients);
    expect([...gradients.keys()].sort()).toEqual(names.toSorted());
    const rtol = golden.tolerance_hint.gradient_l2_rel;
    const norms = names.map((name) => recorded.gradients[name].l2);
    expect(names.map((name) => norm(gradients.get(name)!))).toBeAllclose(norms, {
      rtol,
      atol: 1e-9,
    });
  });

  it("has the same gradients, number by number, in every part of the model", () => {
    const wanted = loadGolden(file("grads.safetensors"));
    for (const name of wanted.tensors.keys()) {
      const { data } = wanted.float32(name);
      const got = step.gradients.get(name)!;
      const difference = norm(data.map((value, i) => got[i] - value));
      expect(difference).toBeLessThan(1e-3 * norm(data));
    }
  });
});

function batch(): ModelInput[] {
  const inputs = loadGolden(file("inputs.safetensors"));
  return [0, 1].map((i) => {
    const { data, shape } = inputs.uint8(`${i}.image`);
    const gtBoxes = new RotatedBoxes(inputs.float32(`${i}.gt_boxes`).data);
    const gtClasses = Int32Array.from(inputs.int64(`${i}.gt_classes`).data, Number);
    const instances = new Instances([shape[1], shape[2]], { gtBoxes, gtClasses });
    return { image: ndarray(data, [...shape]), instances };
  });
}
