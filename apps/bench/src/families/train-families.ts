import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { DefaultTrainer, type DetectorModel } from "@detectron-ts/engine";
import { buildModel } from "@detectron-ts/modeling";
import { manualSeed } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";

import { inTemporaryFolder } from "../temporary-folder.ts";
import { type Family, FAMILIES, familyConfig } from "./family.ts";
import { drawFamily, type DrawnModel } from "./family-picture.ts";
import { registerScenes } from "./scene-dataset.ts";

const TRAIN_SCENES = 200;
const TEST_SCENES = 40;

export interface FamiliesTrainingOptions {
  /** Which of the families to train; all when empty. */
  readonly names: readonly string[];
  /** Folder for a picture of each. */
  readonly output: string;
  readonly threads: number | undefined;
}

/**
 * Trains a narrow model of every family from random weights on made scenes, and tests it on scenes it hasn't seen. Prints
 * what comes out beside the bars, and draws what the model finds.
 */
export async function benchFamilies(options: FamiliesTrainingOptions): Promise<void> {
  const { output, threads } = options;
  const names = options.names.length > 0 ? options.names : Object.keys(FAMILIES);
  const unknown = names.find((name) => FAMILIES[name] === undefined);
  if (unknown !== undefined) {
    throw new RangeError(`no family "${unknown}"; there are ${Object.keys(FAMILIES).join(", ")}`);
  }
  await runtime.configure(threads === undefined ? {} : { threads });
  await mkdir(output, { recursive: true });
  for (const name of names) {
    const family = FAMILIES[name];
    const picture = join(output, `${name}.png`);
    const start = performance.now();
    const results = await inTemporaryFolder((folder) => train(name, family, folder, picture));
    if (results === undefined) return;
    const seconds = (performance.now() - start) / 1000;
    console.log(`${family.title}: ${seconds.toFixed(0)} s, ${picture}`);
    for (const [task, metrics] of Object.entries(family.bars)) {
      for (const [metric, bar] of Object.entries(metrics)) {
        const value = results[task]?.[metric] ?? NaN;
        console.log(`  ${task} ${metric} ${value.toFixed(1)} (bar ${bar})`);
        if (!(value >= bar)) process.exitCode = 1;
      }
    }
  }
}

async function train(
  name: string,
  family: Family,
  folder: string,
  picture: string,
): Promise<Record<string, Record<string, number>> | undefined> {
  const { scenes, dataset } = family;
  const register = async (split: string, count: number, seed: number): Promise<string> => {
    const options = { ...scenes, count, seed };
    const registered = await registerScenes(`${name}_${split}`, join(folder, split), options);
    return registered[dataset];
  };
  const datasets = {
    train: await register("train", TRAIN_SCENES, 1),
    test: await register("test", TEST_SCENES, 1_000_000),
  };
  const cfg = familyConfig(family, datasets, join(folder, "output"));
  manualSeed(cfg.SEED);
  const model = buildModel<DetectorModel & DrawnModel>(cfg);
  const trainer = await DefaultTrainer.create(cfg, { model });
  const results = await trainer.train();
  // Stopped by a signal.
  if (results === undefined) return undefined;
  await drawFamily(picture, model, datasets.test);
  return results as Record<string, Record<string, number>>;
}
