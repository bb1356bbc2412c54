import { analyzeConfig, emptyInput, parameterCount } from "@detectron-ts/analysis";
import type { Config } from "@detectron-ts/config";
import { buildModel, type MetaArchitecture, type ModelInput } from "@detectron-ts/modeling";
import { Generator, init } from "@detectron-ts/nn";
import { runtime } from "@detectron-ts/runtime";
import type { ImageSize } from "@detectron-ts/structures";
import ndarray from "ndarray";
import { holdsTheSame, type RecordedModel } from "./recorded-models.ts";
import { spreadWeights } from "./spread-weights.ts";

/** Size of the random image that a model has to get through. */
const SMALL: ImageSize = [96, 128];

/** What became of a config. */
export interface ConfigCheck {
  /** Why it doesn't build or run, or how it differs from detectron2's; undefined when all is well. */
  readonly problem?: string;
  readonly parameters?: number;
  /** Height and width of the image that was analysed; 800×1216 when left out. */
  readonly imageSize?: ImageSize;
  /** Multiply-adds for that image. */
  readonly flops?: number;
}

/**
 * Builds the model of a config, compares what it holds with detectron2's, runs a small random image through it with random
 * weights, and counts what an image of the usual size costs.
 */
export async function checkConfig(
  cfg: Config,
  recorded: RecordedModel | undefined,
): Promise<ConfigCheck> {
  let parameters: number | undefined;
  try {
    const model = init.withoutDrawing(() => buildModel<MetaArchitecture<unknown>>(cfg)).eval();
    parameters = parameterCount(model).get("");
    if (recorded === undefined) return { parameters, problem: "nothing recorded" };
    if (!holdsTheSame(model, recorded)) return { parameters, problem: "other names or shapes" };
    spreadWeights(model);
    const outputs = await model.inference([randomInput(cfg)]);
    if (outputs.length !== 1) return { parameters, problem: `${outputs.length} results` };
    await runtime.clear();
    const { costs } = await analyzeConfig(cfg);
    return { parameters, flops: costs.flops.total() };
  } catch (error) {
    return { parameters, problem: error instanceof Error ? error.name : String(error) };
  } finally {
    await runtime.clear();
  }
}

function randomInput(cfg: Config): ModelInput {
  const input = emptyInput(cfg, SMALL);
  const generator = new Generator(0);
  const pixels = Uint8Array.from(
    { length: 3 * SMALL[0] * SMALL[1] },
    () => generator.nextUint32() & 255,
  );
  return { ...input, image: ndarray(pixels, [3, ...SMALL]) };
}
