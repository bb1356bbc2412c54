import { appendFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { getCfg } from "@detectron-ts/config";
import { CallbackHook, DefaultTrainer } from "@detectron-ts/engine";
import type { DetectionOutput, ModelInput } from "@detectron-ts/modeling";
import { BatchNorm2d, defaultGenerator, Linear, Module } from "@detectron-ts/nn";
import { tensor, type Tensor } from "@detectron-ts/tensor";
import ndarray from "ndarray";

/** Iterations from one checkpoint to the next. */
export const CHECKPOINT_PERIOD = 3;

/** A model that is trained on random numbers, of a size that writing it takes some time. */
class Regression extends Module<[x: Tensor], Tensor> {
  readonly norm = new BatchNorm2d({ numFeatures: 4 });
  readonly wide = new Linear({ inFeatures: 4, outFeatures: 60_000 });
  readonly fc = new Linear({ inFeatures: 60_000, outFeatures: 1 });

  forward(x: Tensor): Tensor {
    return this.fc(this.wide(this.norm(x).flatten(1)));
  }

  async losses(batch: readonly ModelInput[]): Promise<Record<string, Tensor>> {
    const pixels = batch.flatMap(({ image }) =>
      "data" in image ? [...(image.data as Uint8Array)] : [],
    );
    const x = tensor(pixels, { shape: [batch.length, 4, 1, 1], dtype: "float32" }).mul(1 / 256);
    const target = defaultGenerator.next();
    return { loss: this.forward(x).sub(target).square().mean() };
  }

  async inference(): Promise<DetectionOutput[]> {
    return [];
  }
}

/** Batches that follow from their number. */
class CountingLoader {
  state = 0;

  async *[Symbol.asyncIterator](): AsyncGenerator<ModelInput[]> {
    for (;;) {
      const number = (this.state += 1);
      yield Array.from({ length: 4 }, (_, i) => ({
        image: ndarray(Uint8Array.of(number, number * 7, i * 50, number * i), [4, 1, 1]),
      }));
    }
  }
}

/**
 * A training that goes on from the last checkpoint until `end`, and tells of each iteration once it is done, and saved if it
 * is to be.
 */
export async function train(
  outputDir: string,
  end: number,
  onIteration: (iter: number, loss: number) => void,
): Promise<void> {
  const cfg = getCfg();
  const values = {
    OUTPUT_DIR: outputDir,
    SEED: 11,
    // The same for all, as the learning rates follow from it.
    "SOLVER.MAX_ITER": 1_000_000,
    "SOLVER.STEPS": [],
    "SOLVER.CHECKPOINT_PERIOD": CHECKPOINT_PERIOD,
    "SOLVER.BASE_LR": 1e-4,
    "SOLVER.CLIP_GRADIENTS.ENABLED": true,
  };
  cfg.mergeFromList(Object.entries(values).flat());
  const trainer = await DefaultTrainer.create(cfg, {
    model: new Regression(),
    trainLoader: new CountingLoader(),
    log: () => {},
    hooks: [
      new CallbackHook({
        afterStep: ({ iter, storage }) => {
          onIteration(iter, storage.history("total_loss").latest());
          if (iter + 1 === end) trainer.stop();
        },
      }),
    ],
  });
  await trainer.resumeOrLoad();
  await trainer.train();
}

const [, program, outputDir, report] = process.argv;
// The test imports this file, too.
if (program === fileURLToPath(import.meta.url)) {
  // A file rather than a pipe: what is written is there, whenever the process is killed.
  await train(outputDir, Infinity, (iter, loss) => appendFileSync(report, `${iter} ${loss}\n`));
}
