import { randomInt } from "node:crypto";
import { join } from "node:path";

import { writeFileAtomically } from "@detectron-ts/atomic-file";
import type { Config } from "@detectron-ts/config";
import { getFedLossClsWeights } from "@detectron-ts/data";
import { manualSeed } from "@detectron-ts/nn";
import { setFedLossClsWeightsSource } from "@detectron-ts/roi-heads";

/**
 * What a training needs before anything else: a copy of the config whose SEED is drawn if it was negative, random numbers
 * seeded by it, and the folder OUTPUT_DIR with the config in `config.yaml`, from which the training can be repeated. Models
 * with USE_FED_LOSS find the weights of classes in the metadata of datasets.
 * Mirrors `detectron2.engine.default_setup`.
 *
 * @returns the copy, frozen.
 */
export async function defaultSetup(cfg: Config): Promise<Config> {
  const resolved = cfg.clone();
  resolved.defrost();
  if (resolved.SEED < 0) resolved.SEED = randomInt(2 ** 31);
  resolved.freeze();
  manualSeed(resolved.SEED);
  setFedLossClsWeightsSource(getFedLossClsWeights);
  if (resolved.OUTPUT_DIR !== "") {
    await writeFileAtomically(join(resolved.OUTPUT_DIR, "config.yaml"), resolved.dump(), {
      makeFolder: true,
    });
  }
  return resolved;
}
