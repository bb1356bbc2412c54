import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { DetectionCheckpointer } from "@detectron-ts/checkpoint";
import { buildModel, type GeneralizedRCNN, type ModelInput } from "@detectron-ts/modeling";
import type { ProposalGenerator, Proposals } from "@detectron-ts/proposal-generator";
import type { Res5ROIHeads } from "@detectron-ts/roi-heads";
import { Boxes, Instances } from "@detectron-ts/structures";
import { loadGolden } from "@detectron-ts/testing";
import ndarray from "ndarray";
import { beforeAll, describe, expect, it } from "vitest";
import {
  differingGradients,
  type GradientStatistics,
  type TrainingStep,
  trainingStep,
} from "./training-step.ts";
import { getConfig } from "./zoo-config.ts";

/** What `case.json` says of a training case. */
interface CaseJson {
  readonly config: string;
  readonly overrides: readonly string[];
  /** The weights that training starts from, relative to the case. */
  readonly checkpoint: string;
  readonly images: readonly unknown[];
  readonly tolerance_hint: { readonly losses_rel: number; readonly gradient_l2_rel: number };
}

/** What `train.json` says of one forward and backward pass. */
interface TrainJson {
  readonly losses: Readonly<Record<string, number>>;
  readonly event_storage_scalars: Readonly<Record<string, number>>;
  readonly gradients: Readonly<Record<string, GradientStatistics>>;
  readonly frozen_parameters: readonly string[];
}

type C4Model = GeneralizedRCNN<Res5ROIHeads, ProposalGenerator>;

const file = (name: string) =>
  fileURLToPath(new URL(`golden/train_faster_rcnn_R_50_C4/${name}`, import.meta.url));
const json = (name: string) => JSON.parse(readFileSync(file(name), "utf8"));

describe("a training step of Faster R-CNN C4, in which everything is sampled, as detectron2 did it", () => {
  const golden: CaseJson = json("case.json");
  const recorded: TrainJson = json("train.json");
  let model: C4Model;
  let step: TrainingStep;
  let proposals: Proposals[];

  beforeAll(async () => {
    const cfg = getConfig(golden.config);
    cfg.mergeFromList(golden.overrides);
    model = buildModel<C4Model>(cfg);
    await new DetectionCheckpointer(model).load(file(golden.checkpoint));
    model.proposalGenerator.registerForwardHook((_generator, _inputs, output) => {
      proposals = output[0];
    });
    step = await trainingStep(model.train(), batch(golden.images.length));
  });

  it("proposes the same regions", () => {
    const expected = loadGolden(file("proposals.safetensors"));
    expect(proposals).toHaveLength(2);
    for (const [i, { proposalBoxes, objectnessLogits }] of proposals.entries()) {
      // Below what the same model's recorded inference states: 8.9e-3 pixels and 2e-4.
      const boxes = expected.float32(`${i}.proposals.proposal_boxes`);
      expect(proposalBoxes.tensor).toBeAllclose(boxes, { atol: 7e-3, rtol: 0 });
      const logits = expected.float32(`${i}.proposals.objectness_logits`);
      expect(objectnessLogits).toBeAllclose(logits, { atol: 2e-4, rtol: 0 });
    }
  });

  it("has the same losses", () => {
    expect(Object.keys(step.losses).sort()).toEqual(Object.keys(recorded.losses).sort());
    const found = Object.keys(recorded.losses).map((name) => step.losses[name]);
    const tolerance = { rtol: golden.tolerance_hint.losses_rel, atol: 0 };
    expect(found).toBeAllclose(Object.values(recorded.losses), tolerance);
  });

  it("records the same scalars", () => {
    expect(step.scalars).toEqual(recorded.event_storage_scalars);
  });

  it("has gradients of the same parameters, of the same norm, sum and maximum", () => {
    expect([...step.frozenParameters].sort()).toEqual([...recorded.frozen_parameters].sort());
    const { gradient_l2_rel } = golden.tolerance_hint;
    const differing = differingGradients(
      step.gradients,
      recorded.gradients,
      (l2) => gradient_l2_rel * l2,
    );
    expect(differing).toEqual([]);
  });
});

function batch(numImages: number): ModelInput[] {
  const inputs = loadGolden(file("inputs.safetensors"));
  return Array.from({ length: numImages }, (_, i) => {
    const { data, shape } = inputs.uint8(`${i}.image`);
    const gtBoxes = new Boxes(inputs.float32(`${i}.gt_boxes`).data);
    const gtClasses = Int32Array.from(inputs.int64(`${i}.gt_classes`).data, Number);
    const instances = new Instances([shape[1], shape[2]], { gtBoxes, gtClasses });
    return { image: ndarray(data, [...shape]), instances };
  });
}
