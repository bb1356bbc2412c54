import { createRequire } from "node:module";
import { DetectionCheckpointer } from "@detectron-ts/checkpoint";
import { getCfg, type Config } from "@detectron-ts/config";
import { DefaultPredictor } from "@detectron-ts/engine";
import { readImage } from "@detectron-ts/image";
import { buildModel, type GeneralizedRCNN, type ModelInput } from "@detectron-ts/modeling";
import { ResizeShortestEdge } from "@detectron-ts/transforms";

const require = createRequire(import.meta.url);

// Of `detectron demo`: a small Mask R-CNN that knows dates, figs and hazelnuts.
const configFile = require.resolve("@detectron-ts/cli/demo/config.yaml");
/** The checkpoint of the demo's model. */
export const weights = require.resolve("@detectron-ts/cli/demo/model.safetensors");
const photograph = require.resolve("@detectron-ts/cli/demo/fruits_and_nuts.jpg");

/** The demo's config, to be changed at will. */
export function demoConfig(): Config {
  const cfg = getCfg();
  cfg.mergeFromFile(configFile);
  return cfg;
}

/** The demo's model, ready to detect. */
export async function loadDemoModel(): Promise<GeneralizedRCNN> {
  const model = buildModel(demoConfig());
  await new DetectionCheckpointer(model).load(weights);
  model.eval();
  return model;
}

/** The photograph as the model wants it: resized, channels first. */
export async function demoInput(model: GeneralizedRCNN): Promise<ModelInput> {
  const { MIN_SIZE_TEST, MAX_SIZE_TEST } = demoConfig().INPUT;
  const resize = new ResizeShortestEdge({ shortEdgeLength: MIN_SIZE_TEST, maxSize: MAX_SIZE_TEST });
  const image = await readImage(photograph, { format: "BGR" });
  return new DefaultPredictor({ model, resize }).preprocess(image);
}
