import { join } from "node:path";

import { type Config, configure } from "@detectron-ts/config";
import type { EvaluationResults, ResultsDict } from "@detectron-ts/evaluation";
import { GeneralizedRCNN, GeneralizedRCNNWithTTA, ModelOptionsError } from "@detectron-ts/modeling";

import { type TestableModel, testModel, type TestModelOptions } from "./test-model.ts";

/** Of results, and of the folder for what evaluators save. */
const SUFFIX = "_TTA";

/**
 * A model with the test-time augmentation that TEST.AUG describes.
 *
 * @throws ModelOptionsError of `@detectron-ts/modeling` for a model that cannot have it: one that is no `GeneralizedRCNN`, or
 *   one of keypoints or precomputed proposals.
 */
export function withTTA(cfg: Config, model: TestableModel): GeneralizedRCNNWithTTA {
  if (!(model instanceof GeneralizedRCNN)) {
    const wanted = `false for a ${model.constructor.name}: only a GeneralizedRCNN can have it`;
    throw new ModelOptionsError("TEST.AUG.ENABLED", true, wanted);
  }
  return configure(GeneralizedRCNNWithTTA, [cfg, model]);
}

/**
 * Tests a model as {@link testModel} does, with the test-time augmentation that TEST.AUG describes. Mirrors `test_with_TTA` of
 * detectron2's `tools/train_net.py`.
 *
 * @param model - to be augmented, or augmented already.
 * @param options - what evaluators save goes into the folder whose name has `_TTA` at its end.
 * @returns results by their names with `_TTA` at the end, `{ bbox_TTA: { AP: … } }`; of several datasets, by those of the
 *   datasets.
 * @throws as {@link testModel} does; ModelOptionsError for a model that cannot be augmented.
 */
export async function testWithTTA(
  cfg: Config,
  model: TestableModel,
  options: TestModelOptions = {},
): Promise<EvaluationResults | ResultsDict> {
  const augmented = model instanceof GeneralizedRCNNWithTTA ? model : withTTA(cfg, model);
  const { outputDir = join(cfg.OUTPUT_DIR, "inference") } = options;
  const results = await testModel(cfg, augmented, { ...options, outputDir: outputDir + SUFFIX });
  return Object.fromEntries(
    Object.entries(results).map(([name, result]) => [name + SUFFIX, result]),
  );
}
