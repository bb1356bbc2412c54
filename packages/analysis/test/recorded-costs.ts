import { readFileSync } from "node:fs";

import { getCfg, instantiate } from "@detectron-ts/config";
import { getConfig, getConfigFile } from "@detectron-ts/model-zoo";
import { buildModel, MetaArchitecture } from "@detectron-ts/modeling";
import { init } from "@detectron-ts/nn";
import ndarray, { type NdArray } from "ndarray";

/** What fvcore counts for one of detectron2's models. */
export interface RecordedCosts {
  readonly config: string;
  /** Multiply-adds by operator. */
  readonly flops: Readonly<Record<string, number>>;
  /** Millions by operator. */
  readonly activations: Readonly<Record<string, number>>;
  /** Multiply-adds of convolutions, linear layers and group norms, of modules that have any. */
  readonly flopsByModule: Readonly<Record<string, number>>;
}

interface Recording {
  /** Height and width. */
  readonly image: readonly [number, number];
  readonly overrides: readonly string[];
  readonly cases: readonly RecordedCosts[];
  readonly parameterTables: Readonly<Record<"depth1" | "depth3" | "DC5", string>>;
}

/** Has a config in code only. */
const FCOS = "COCO-Detection/fcos_R_50_FPN_1x.py";

export const recording: Recording = JSON.parse(
  readFileSync(new URL("golden/costs.json", import.meta.url), "utf8"),
);

/** A full-size model that proposes and finds as much as the recorded one, without weights. */
export async function emptyModel(config: string): Promise<MetaArchitecture<unknown>> {
  if (config === FCOS) {
    const { model } = await getConfig(FCOS);
    const built = init.withoutDrawing(() => instantiate(model));
    if (built instanceof MetaArchitecture) return built;
  }
  const cfg = getCfg();
  cfg.mergeFromFile(getConfigFile(config));
  cfg.mergeFromList([...recording.overrides]);
  return init.withoutDrawing(() => buildModel<MetaArchitecture<unknown>>(cfg));
}

/** An image of the recorded size. */
export function recordedImage(): NdArray<Uint8Array> {
  const [height, width] = recording.image;
  return ndarray(new Uint8Array(3 * height * width), [3, height, width]);
}
