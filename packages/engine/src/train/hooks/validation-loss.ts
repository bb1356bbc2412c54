import { getEventStorage } from "@detectron-ts/events";
import { type AnyModule, BatchNorm2d, defaultGenerator } from "@detectron-ts/nn";
import { realize } from "@detectron-ts/tensor";

import { ModelNotInTrainingError } from "../errors.ts";
import { namedLosses, type TrainableModel } from "../simple-trainer.ts";
import { undisturbed } from "../undisturbed.ts";
import { EvalHook } from "./eval-hook.ts";

/** A model whose losses can be taken on data that it isn't trained on. */
export type ValidatedModel<Batch> = AnyModule & TrainableModel<Batch>;

/** Options of {@link ValidationLossHook}. */
export interface ValidationLossHookOptions<Batch> {
  /** Iterations from one time to the next; 0 for only after training. */
  readonly period: number;
  readonly model: ValidatedModel<Batch>;
  /** The batches, with ground truth; once through each time. */
  readonly dataLoader: AsyncIterable<Batch> | Iterable<Batch>;
}

/**
 * Records the losses on data that isn't trained on, as `validation/total_loss` and so on: where they rise while those of
 * training fall, a model learns its training data by heart.
 *
 * Nothing of the training changes by it: no gradients are taken, batch normalisations use and keep their running statistics,
 * and the sampling of anchors and proposals, whose random numbers are the same each time, draws none of the training's.
 */
export class ValidationLossHook<Batch> extends EvalHook {
  constructor({ period, model, dataLoader }: ValidationLossHookOptions<Batch>) {
    super({
      period,
      evaluate: async () => ({ validation: await validationLosses(model, dataLoader) }),
    });
  }
}

/**
 * Means of a model's losses over batches, and of their sum as `total_loss`; see {@link ValidationLossHook}. Empty where there
 * are no batches.
 *
 * @throws ModelNotInTrainingError
 */
export async function validationLosses<Batch>(
  model: ValidatedModel<Batch>,
  dataLoader: AsyncIterable<Batch> | Iterable<Batch>,
): Promise<Record<string, number>> {
  if (!model.training) throw new ModelNotInTrainingError();
  const sums = new Map<string, number>();
  const norms = model.modules().filter((module) => module instanceof BatchNorm2d);
  const inTraining = norms.filter(({ training }) => training);
  let count = 0;
  for (const norm of inTraining) norm.eval();
  try {
    await undisturbed(async () => {
      // The same samples each time, so that what changes is the model.
      defaultGenerator.manualSeed(0);
      for await (const batch of dataLoader) {
        const losses = namedLosses(await model.losses(batch));
        await realize(...losses.map(([, loss]) => loss));
        for (const [name, loss] of losses) {
          sums.set(name, (sums.get(name) ?? 0) + (await loss.item()));
        }
        count += 1;
        // Lets go of what was put off until gradients are there, and of the graph with it.
        getEventStorage().step();
      }
    });
  } finally {
    for (const norm of inTraining) norm.train();
  }
  if (count === 0) return {};
  const means = [...sums].map(([name, sum]) => [name, sum / count] as const);
  const total = means.reduce((sum, [, mean]) => sum + mean, 0);
  return { ...Object.fromEntries(means), total_loss: total };
}
