import type { AnyModule } from "@detectron-ts/nn";

import { getConfig, isLazyName } from "./model-zoo.ts";

/** Options of {@link get}. */
export interface GetModelOptions {
  /** Whether to load the released checkpoint, instead of what the config trains from; false when left out. */
  readonly trained?: boolean;
  /** Whether to load anything; true when left out. */
  readonly weights?: boolean;
  /** Folder for downloads; that of `@detectron-ts/checkpoint` when left out. */
  readonly cacheDir?: string;
  /** Told how far a download is. */
  readonly onProgress?: (progress: {
    receivedBytes: number;
    totalBytes: number | undefined;
  }) => void;
}

/**
 * A model of the zoo, in training mode: what `trained` says of weights is downloaded and loaded. Mirrors
 * `detectron2.model_zoo.get`.
 *
 * ```ts
 * const model = await get("COCO-Detection/retinanet_R_50_FPN_3x.yaml", { trained: true });
 * ```
 *
 * @typeParam Model - what the caller knows of the config's architecture.
 * @param name As for {@link getConfig}.
 * @throws UnknownConfigError, NoCheckpointError; DownloadError and CheckpointError of `@detectron-ts/checkpoint`.
 */
export async function get<Model extends AnyModule = AnyModule>(
  name: string,
  { trained = false, weights = true, ...download }: GetModelOptions = {},
): Promise<Model> {
  // Loaded by need: whoever only asks for a config does without models.
  const { DetectionCheckpointer } = await import("@detectron-ts/checkpoint");
  const [model, source] = await build<Model>(name, trained);
  if (weights && source !== "") await new DetectionCheckpointer(model).load(source, download);
  return model;
}

async function build<Model extends AnyModule>(
  name: string,
  trained: boolean,
): Promise<[model: Model, weights: string]> {
  if (!isLazyName(name)) {
    const { buildModel } = await import("@detectron-ts/modeling");
    const cfg = getConfig(name, { trained });
    return [buildModel<Model>(cfg), cfg.MODEL.WEIGHTS];
  }
  const { instantiateAsync } = await import("@detectron-ts/config");
  const config = await getConfig(name, { trained });
  // As of `buildModel`, the caller knows the architecture by the config's name.
  return [
    (await instantiateAsync(config.model, { within: config })) as Model,
    config.train.initCheckpoint,
  ];
}
