import type { Config } from "@detectron-ts/config";
import { buildModel, type MetaArchitecture, type ModelInput } from "@detectron-ts/modeling";
import { init } from "@detectron-ts/nn";
import { Boxes, type ImageSize, Instances } from "@detectron-ts/structures";
import ndarray from "ndarray";
import { analyzeModel, type ModelCosts } from "./model-costs.ts";

/** Options of {@link analyzeConfig}. */
export interface AnalyzeConfigOptions {
  /** Height and width of the image that the network gets; 800×1216 when left out. */
  readonly imageSize?: ImageSize;
}

/** A model without weights, and what it costs. */
export interface ConfigCosts {
  readonly model: MetaArchitecture<unknown>;
  readonly costs: ModelCosts<unknown>;
}

/**
 * What the model of a config costs for one image, by a dry run: no weights are needed, and usually as many regions are
 * proposed and as many objects found as the config lets it.
 *
 * @throws as `buildModel` of `@detectron-ts/modeling`.
 */
export async function analyzeConfig(
  cfg: Config,
  { imageSize = [800, 1216] }: AnalyzeConfigOptions = {},
): Promise<ConfigCosts> {
  const model = init.withoutDrawing(() => buildModel<MetaArchitecture<unknown>>(cfg));
  const costs = await analyzeModel(model, [emptyInput(cfg, imageSize)], { dryRun: true });
  return { model, costs };
}

/** A black image of height × width, with proposals all over it for a model that doesn't make its own. */
export function emptyInput(cfg: Config, [height, width]: ImageSize): ModelInput {
  const image = ndarray(new Uint8Array(3 * height * width), [3, height, width]);
  if (cfg.MODEL.PROPOSAL_GENERATOR.NAME !== "PrecomputedProposals") return { image };
  const count = cfg.DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST;
  const columns = Math.ceil(Math.sqrt(count));
  const [stepX, stepY] = [width / columns, height / columns];
  const corners = Array.from({ length: count }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return [column * stepX, row * stepY, (column + 1) * stepX, (row + 1) * stepY];
  });
  const proposals = new Instances([height, width], {
    proposalBoxes: new Boxes(corners),
    objectnessLogits: ndarray(new Float32Array(count), [count]),
  });
  return { image, proposals };
}
