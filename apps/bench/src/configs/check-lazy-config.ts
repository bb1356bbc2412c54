import { analyzeModel, parameterCount } from "@detectron-ts/analysis";
import { instantiate, isLazy } from "@detectron-ts/config";
import { MetaArchitecture } from "@detectron-ts/modeling";
import type { LazyConfig } from "@detectron-ts/model-zoo";
import { init } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import type { ImageSize } from "@detectron-ts/structures";
import ndarray from "ndarray";
import type { ConfigCheck } from "./check-config.ts";
import { holdsTheSame, type RecordedModel } from "./recorded-models.ts";

/** Models of transformers can be too large to run for the sake of a table. */
const USUAL: ImageSize = [800, 1216];

/**
 * Builds the model of a lazy config, compares what it holds with detectron2's where that is recorded, and runs it dry: through
 * every step, with made-up results of convolutions and products.
 */
export async function checkLazyConfig(
  config: LazyConfig,
  recorded: RecordedModel | undefined,
): Promise<ConfigCheck> {
  let parameters: number | undefined;
  try {
    const model = init.withoutDrawing(() => instantiate(config.model, { within: config }));
    if (!(model instanceof MetaArchitecture)) return { problem: "no detector" };
    parameters = parameterCount(model).get("");
    if (recorded && !holdsTheSame(model, recorded)) {
      return { parameters, problem: "other names or shapes" };
    }
    const imageSize = imageSizeOf(config);
    const [height, width] = imageSize;
    const image = ndarray(new Uint8Array(3 * height * width), [3, height, width]);
    const { flops } = await analyzeModel(model, [{ image }], { dryRun: true });
    return { parameters, imageSize, flops: flops.total() };
  } catch (error) {
    return { parameters, problem: error instanceof Error ? error.name : String(error) };
  } finally {
    await runtime.clear();
  }
}

/** The square that a backbone pads images to, or the usual size. */
function imageSizeOf({ model }: LazyConfig): ImageSize {
  const backbone = "backbone" in model ? model.backbone : undefined;
  if (!isLazy(backbone) || !("squarePad" in backbone)) return USUAL;
  const side = Number(backbone.squarePad);
  return side > 0 ? [side, side] : USUAL;
}
