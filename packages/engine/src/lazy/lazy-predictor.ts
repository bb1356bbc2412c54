import { instantiate } from "@detectron-ts/config";
import { DetectionCheckpointer } from "@detectron-ts/checkpoint";
import type { LazyConfig } from "@detectron-ts/model-zoo";
import type { DetectionOutput } from "@detectron-ts/modeling";
import { type AnyModule, init } from "@detectron-ts/nn";
import { ResizeShortestEdge } from "@detectron-ts/transforms";

import {
  type CreatePredictorOptions,
  DefaultPredictor,
  type PredictorModel,
} from "../default-predictor.ts";
import { MissingWeightsError } from "../errors.ts";
import { LazyConfigError } from "./errors.ts";

/**
 * A predictor of a tree's `model`, as `DefaultPredictor.create` makes one of a YAML config: with the weights of
 * `train.initCheckpoint`, and images resized as those of `dataloader.test` are.
 *
 * ```ts
 * const config = await getConfig("new_baselines/mask_rcnn_R_50_FPN_100ep_LSJ.py", { trained: true });
 * const predictor = await createLazyPredictor(config);
 * const { instances } = await predictor.predict(await readImage("photo.jpg", { format: "BGR" }));
 * ```
 *
 * @throws MissingWeightsError when no checkpoint is named; LazyConfigError for a model without inference, or test images that
 *   are not just resized; LazyConstructionError of `@detectron-ts/config` when a part can't be made, LazyPromiseError when
 *   a part within another takes time; CheckpointError of `@detectron-ts/checkpoint` when the checkpoint can't be loaded.
 */
export async function createLazyPredictor<Output = DetectionOutput>(
  config: LazyConfig,
  { weights = config.train.initCheckpoint, ...loadOptions }: CreatePredictorOptions = {},
): Promise<DefaultPredictor<Output>> {
  if (weights === "") throw new MissingWeightsError("train.initCheckpoint");
  const resize = testResize(config);
  // Drawing random weights, only to overwrite them, would take most of the time until the first detection.
  const model = await init.withoutDrawing(() => instantiate(config.model, { within: config }));
  assertPredictor<Output>(model);
  const loadReport = await new DetectionCheckpointer(model).load(weights, loadOptions);
  return new DefaultPredictor({ model, resize, loadReport });
}

/** What `dataloader.test` does to images before the model sees them. */
function testResize(config: LazyConfig): ResizeShortestEdge {
  const path = "dataloader.test.mapper.augmentations";
  const { mapper }: { mapper?: unknown } = { mapper: undefined, ...config.dataloader.test };
  const { augmentations }: { augmentations?: unknown } =
    typeof mapper === "object" ? { augmentations: undefined, ...mapper } : {};
  if (!Array.isArray(augmentations)) throw new LazyConfigError(path, "has to be a list");
  const made = instantiate<readonly unknown[]>(augmentations, { within: config });
  const [resize] = made;
  if (made.length === 1 && resize instanceof ResizeShortestEdge) return resize;
  const got = made.map((each) => Object(each).constructor.name).join(", ");
  throw new LazyConfigError(path, `has to be one ResizeShortestEdge to predict, got [${got}]`);
}

function assertPredictor<Output>(
  model: AnyModule,
): asserts model is AnyModule & PredictorModel<Output> {
  if ("inference" in model && typeof model.inference === "function") return;
  const name = model.constructor.name;
  throw new LazyConfigError("model", `can't predict: ${name} has no inference`);
}
