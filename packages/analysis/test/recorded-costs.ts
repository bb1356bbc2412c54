import { readFileSync } from "node:fs";

import { getConfig } from "@detectron-ts/model-zoo";
import { buildModel } from "@detectron-ts/modeling";
import { init, type Module } from "@detectron-ts/nn";
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

export const recording: Recording = JSON.parse(
  readFileSync(new URL("golden/costs.json", import.meta.url), "utf8"),
);

interface Input {
  readonly image: NdArray<Uint8Array>;
}

/** A full-size model that proposes and finds as much as the recorded one, without weights. */
export function emptyModel(config: string): Module<[inputs: readonly Input[]], unknown> {
  const cfg = getConfig(config);
  cfg.mergeFromList([...recording.overrides]);
  return init.withoutDrawing(() => buildModel<Module<[inputs: readonly Input[]], unknown>>(cfg));
}

/** An image of the recorded size. */
export function recordedImage(): NdArray<Uint8Array> {
  const [height, width] = recording.image;
  return ndarray(new Uint8Array(3 * height * width), [3, height, width]);
}
