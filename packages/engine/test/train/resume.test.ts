import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DetectionCheckpointer, PeriodicCheckpointer } from "@detectron-ts/checkpoint";
import {
  BestCheckpointer,
  CallbackHook,
  EvalHook,
  LRSchedulerHook,
  PeriodicCheckpointerHook,
  SimpleTrainer,
} from "@detectron-ts/engine";
import { Linear, manualSeed, Module } from "@detectron-ts/nn";
import { LRMultiplier, SGD } from "@detectron-ts/solver";
import { tensor, type Tensor } from "@detectron-ts/tensor";
import { afterEach, beforeEach, expect, it } from "vitest";

let saveDir: string;
beforeEach(() => {
  saveDir = mkdtempSync(join(tmpdir(), "engine-"));
});
afterEach(() => rmSync(saveDir, { recursive: true }));

class Regression extends Module<[x: Tensor], Tensor> {
  readonly fc = new Linear({ inFeatures: 2, outFeatures: 1 });

  forward(x: Tensor): Tensor {
    return this.fc(x);
  }

  async losses([x0, x1]: readonly number[]): Promise<Record<string, Tensor>> {
    return {
      loss: this.forward(tensor([[x0, x1]]))
        .sub(x0 - x1)
        .square()
        .sum(),
    };
  }
}

/** A batch for each iteration, the same in every training. */
async function* batches(from: number): AsyncGenerator<number[]> {
  for (let i = from; ; i++) yield [Math.sin(i), Math.cos(3 * i)];
}

/** A training with momentum and a schedule, that saves every third iteration and what is best. */
function setUp(folder: string) {
  manualSeed(5);
  const model = new Regression();
  const optimizer = new SGD({ params: model.parameters(), lr: 0.1, momentum: 0.9 });
  const scheduler = new LRMultiplier({ optimizer, multiplier: (where) => 1 - where, maxIter: 10 });
  const trainer = new SimpleTrainer({ model, dataLoader: batches(0), optimizer });
  const checkpointer = new DetectionCheckpointer(model, {
    saveDir: folder,
    checkpointables: { trainer },
  });
  let evaluations = 0;
  trainer.registerHooks([
    new LRSchedulerHook({ optimizer, scheduler }),
    new PeriodicCheckpointerHook(
      new PeriodicCheckpointer(checkpointer, { period: 3, maxIter: 10 }),
    ),
    new EvalHook({ period: 4, evaluate: () => ({ AP: ++evaluations }) }),
    new BestCheckpointer({ checkpointer, metric: "AP" }),
  ]);
  return { model, trainer, checkpointer };
}

it("goes on from a checkpoint file with exactly the losses and weights of a training that was not interrupted", async () => {
  const whole = setUp(join(saveDir, "whole"));
  await whole.trainer.train(0, 10);
  expect(readdirSync(join(saveDir, "whole")).sort()).toEqual([
    "last_checkpoint",
    "model_0000002.pth",
    "model_0000005.pth",
    "model_0000008.pth",
    "model_best.pth",
    "model_final.pth",
  ]);

  const folder = join(saveDir, "interrupted");
  const interrupted = setUp(folder);
  const crash = ({ iter }: { iter: number }): void => {
    if (iter === 6) throw new Error("power cut");
  };
  interrupted.trainer.registerHooks([new CallbackHook({ beforeStep: crash })]);
  await expect(interrupted.trainer.train(0, 10)).rejects.toThrow("power cut");

  const resumed = setUp(folder);
  await resumed.checkpointer.resumeOrLoad("");
  expect(resumed.trainer.iter).toBe(5);
  await resumed.trainer.resetDataLoader(batches(6));
  await resumed.trainer.train(resumed.trainer.iter + 1, 10);

  for (const name of ["total_loss", "lr"]) {
    const wanted = whole.trainer.storage.history(name).values();
    expect(resumed.trainer.storage.history(name).values()).toEqual(wanted.slice(6));
  }
  for (const [name, parameter] of whole.model.namedParameters()) {
    expect(resumed.model.namedParameters().get(name)!.dataSync()).toEqual(parameter.dataSync());
  }
});
