import { basename } from "node:path";

import { EventStorage } from "@detectron-ts/events";
import type { GeneralizedRCNN, ModelInput } from "@detectron-ts/modeling";
import { updateRunningStatistics } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import { buildLrScheduler, buildOptimizer } from "@detectron-ts/solver";
import type { Tensor } from "@detectron-ts/tensor";
import { beforeAll, describe, expect, it } from "vitest";

import { recordedTrainings, TrainingCase, type TrainedModel } from "./recorded-training.ts";

/** Sampling takes every candidate in these, so nothing hangs on random numbers. */
const RECORDED = recordedTrainings().map((folder) => ({ name: basename(folder), folder }));

/** Norm of gradients that are rounding alone, such as that of a bias before a softmax over space. */
const ROUNDING = 1e-7;

describe.runIf(RECORDED.length > 0)("training of a model as detectron2 did it", () => {
  describe.each(RECORDED)("$name, first step", ({ folder }) => {
    let golden: TrainingCase;
    let model: TrainedModel;
    let losses: Record<string, number>;
    let total: number;
    let scalars: Record<string, number>;
    let proposals: readonly NonNullable<ModelInput["proposals"]>[];
    beforeAll(async () => {
      golden = new TrainingCase(folder);
      model = await golden.loadModel();
      const generator: GeneralizedRCNN["proposalGenerator"] | undefined =
        "proposalGenerator" in model ? model.proposalGenerator : undefined;
      proposals = [];
      const hook = generator?.registerForwardHook((_generator, _inputs, output) => {
        proposals = output[0];
      });
      ({ losses, total, scalars } = await step(model, golden));
      hook?.remove();
    });

    it("proposes the same regions", () => {
      const recorded = golden.proposals;
      expect(proposals.length).toBe((recorded?.tensors.size ?? 0) / 2);
      for (const [i, found] of proposals.entries()) {
        const boxes = recorded!.float32(`${i}.proposals.proposal_boxes`);
        const logits = recorded!.float32(`${i}.proposals.objectness_logits`);
        const { boxes_px = 1e-3, objectness_logits = 1e-4 } = golden.tolerances;
        expect(found.get("proposalBoxes").tensor.data).toBeAllclose(boxes.data, { atol: boxes_px });
        expect(found.get("objectnessLogits").data).toBeAllclose(logits.data, {
          atol: objectness_logits,
        });
      }
    });

    it("records the same scalars", () => {
      expect(scalars).toEqual(golden.recorded.event_storage_scalars);
    });

    it("has the same losses", () => {
      const { losses_rel } = golden.tolerances;
      const recorded = golden.recorded.losses;
      const wanted = Object.values(recorded);
      expect(Object.keys(losses).sort()).toEqual(Object.keys(recorded).sort());
      expect(Object.keys(recorded).map((key) => losses[key])).toBeAllclose(wanted, {
        rtol: losses_rel,
        atol: 0,
      });
      expect(total).toBeAllclose(golden.recorded.total_loss, { rtol: losses_rel, atol: 0 });
    });

    it("has gradients for the same parameters", () => {
      const withGradient = [...model.namedParameters()].filter(([, { grad }]) => grad !== null);
      const frozen = [...model.namedParameters()].filter(([, each]) => !each.requiresGrad);
      expect(names(withGradient)).toEqual(Object.keys(golden.recorded.gradients).sort());
      expect(names(frozen)).toEqual([...golden.recorded.frozen_parameters].sort());
    });

    it("has gradients of the same norm, sum and maximum", () => {
      const differing = Object.entries(golden.recorded.gradients).filter(([key, recorded]) => {
        const found = summary(gradientOf(model, key));
        const tolerance = Math.max(golden.tolerances.gradient_l2_rel * recorded.l2, ROUNDING);
        return (
          differ(found, recorded, tolerance) || Math.abs(found.max - recorded.abs_max) > tolerance
        );
      });
      expect(names(differing)).toEqual([]);
    });

    it("has the gradients that are recorded in full", () => {
      const differing = [...golden.gradients.tensors].filter(([key, { data }]) => {
        const recorded = Float64Array.from(data, Number);
        const gradient = gradientOf(model, key);
        const error = recorded.map((value, i) => gradient[i] - value);
        const tolerance = golden.tolerances.picked_gradient_rel_l2;
        return summary(error).l2 > tolerance * summary(recorded).l2;
      });
      expect(names(differing)).toEqual([]);
    });
  });

  describe.each(RECORDED)("$name, five steps", ({ folder }) => {
    it("has the same learning rates, losses, scalars and parameters, and compiles in the first only", async () => {
      const golden = new TrainingCase(folder);
      const model = await golden.loadModel();
      const optimizer = buildOptimizer(golden.cfg, model);
      const scheduler = buildLrScheduler(golden.cfg, optimizer);

      for (const { iter, lr, losses, total_loss, scalars } of golden.recorded.sgd) {
        runtime.resetStats();
        const found = await step(model, golden);
        const rates = new Set(optimizer.paramGroups.map((group) => group.lr));
        optimizer.step();
        scheduler.step();
        await updateRunningStatistics(model);

        const exact = { rtol: 1e-12, atol: 0 };
        const close = { rtol: 0, atol: golden.tolerances.sgd_total_loss_abs[iter] };
        expect([...rates]).toBeAllclose([lr].flat(), exact);
        expect(found.total).toBeAllclose(total_loss, close);
        const inOrder = Object.keys(losses).map((key) => found.losses[key]);
        expect(inOrder).toBeAllclose(Object.values(losses), close);
        expectScalars(found.scalars, scalars, iter, close.atol);
        if (iter > 0) expect(runtime.stats().compilations).toBe(0);
      }

      const { parameters_after_5_steps, buffers_after_5_steps } = golden.recorded;
      const values = model.stateDict();
      const { parameters_rel_l2 = 1e-5, parameters_abs_l2 = 0 } = golden.tolerances;
      const recorded = Object.entries({ ...parameters_after_5_steps, ...buffers_after_5_steps });
      const differing = recorded.filter(([key, after]) =>
        differ(
          summary(numbers(values.get(key)!)),
          after,
          Math.max(parameters_rel_l2 * after.l2, parameters_abs_l2),
        ),
      );
      expect(names(differing)).toEqual([]);
    });
  });
});

/**
 * Scalars are counts and fractions of counts, and equal in the first two iterations. After that weights are no longer so
 * alike that no logit near 0 would change its sign, and a proposal its class.
 *
 * @param tolerance - how far losses may be apart.
 */
function expectScalars(
  found: Readonly<Record<string, number>>,
  recorded: Readonly<Record<string, number>>,
  iter: number,
  tolerance: number,
): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(recorded).sort());
  const differing = Object.entries(recorded).filter(([name, value]) => {
    const later = name.endsWith("_samples") ? 1 : tolerance;
    return !(Math.abs(found[name] - value) <= (iter < 2 ? 0 : later));
  });
  expect(names(differing)).toEqual([]);
}

/**
 * Whether norms or sums are further apart than those of n values can be whose difference has a norm of at most
 * `tolerance`: sums then are at most √n times that apart.
 */
function differ(found: Summary, recorded: { l2: number; sum: number }, tolerance: number): boolean {
  return (
    Math.abs(found.l2 - recorded.l2) > tolerance ||
    Math.abs(found.sum - recorded.sum) > Math.sqrt(found.size) * tolerance
  );
}

/** What one {@link step} gives, by name. */
interface StepResult {
  readonly losses: Record<string, number>;
  readonly total: number;
  readonly scalars: Record<string, number>;
}

/** Forward and backward on the case's batch; leaves the gradients in the model. */
async function step(model: TrainedModel, golden: TrainingCase): Promise<StepResult> {
  using storage = new EventStorage();
  const losses = Object.entries(await model.losses(golden.batch()));
  model.zeroGrad();
  const total = losses.map(([, loss]) => loss.keep()).reduce((sum, loss) => sum.add(loss));
  await total.backward();
  await storage.settle();
  const value = (loss: Tensor): number => loss.dataSync()[0] as number;
  return {
    losses: Object.fromEntries(losses.map(([key, loss]) => [key, value(loss)])),
    total: value(total),
    scalars: Object.fromEntries([...storage.latest()].map(([key, latest]) => [key, latest.value])),
  };
}

function names(entries: readonly (readonly [string, unknown])[]): string[] {
  return entries.map(([key]) => key).sort();
}

function numbers(tensor: Tensor): Float64Array {
  return Float64Array.from<number | bigint>(tensor.dataSync(), Number);
}

function gradientOf(model: TrainedModel, name: string): Float32Array {
  return model.namedParameters().get(name)!.grad!.dataSync() as Float32Array;
}

interface Summary {
  readonly size: number;
  readonly l2: number;
  readonly sum: number;
  /** The largest absolute value. */
  readonly max: number;
}

/** Computed in float64. */
function summary(values: Float32Array | Float64Array): Summary {
  let squares = 0;
  let sum = 0;
  let max = 0;
  for (const value of values) {
    squares += value * value;
    sum += value;
    max = Math.max(max, Math.abs(value));
  }
  return { size: values.length, l2: Math.sqrt(squares), sum, max };
}
