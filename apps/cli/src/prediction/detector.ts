import { type DefaultPredictor, isLazyConfigFile, lazyDatasetNames } from "@detectron-ts/engine";
import { readImage } from "@detectron-ts/image";
import { runtime } from "@detectron-ts/runtime";
import type { NdArray } from "ndarray";

import type { Terminal } from "../terminal.ts";
import {
  type DetectorConfigOptions,
  detectorConfig,
  lazyDetectorConfig,
} from "./detector-config.ts";
import { loadLazyPredictor, loadPredictor } from "./load-predictor.ts";
import { kindsOfConfig, kindsOfModel } from "./model-kinds.ts";
import { findMetadata, type ModelMetadata } from "./model-metadata.ts";
import type { ModelOutput } from "./results.ts";

/** What a detector is made of. */
export interface DetectorOptions extends DetectorConfigOptions {
  /** Class names by index. */
  readonly classes?: readonly string[] | undefined;
  /** Threads to compute with; as many as there are cores for this process when left out. */
  readonly threads?: number | undefined;
}

/** What was found in one image file, and how long that took. */
export interface Detection {
  /** Height × width × 3, blue first. */
  readonly image: NdArray<Uint8Array>;
  readonly output: ModelOutput;
  /** From pixels to results, reading the file not included. */
  readonly milliseconds: number;
}

/** A model that is ready to look at image files. */
export class Detector {
  readonly metadata: ModelMetadata;
  readonly #predictor: DefaultPredictor<ModelOutput>;

  private constructor(predictor: DefaultPredictor<ModelOutput>, metadata: ModelMetadata) {
    this.#predictor = predictor;
    this.metadata = metadata;
  }

  /**
   * Builds the model and loads its checkpoint. Tells on the terminal how far a download is, and which tensors were not in
   * the checkpoint.
   *
   * @throws UsageError when no checkpoint is named, or none of its tensors is one of the model's.
   */
  static async load(options: DetectorOptions, terminal: Terminal): Promise<Detector> {
    const { classes, threads } = options;
    if (threads !== undefined) await runtime.configure({ threads });
    const { configFile } = options;
    if (isLazyConfigFile(configFile)) {
      const config = await lazyDetectorConfig(options);
      const { predictor, loadReport } = await loadLazyPredictor(config, configFile, terminal);
      const kinds = kindsOfModel(predictor.model);
      const [dataset] = lazyDatasetNames(config);
      return new Detector(predictor, await findMetadata(kinds, dataset, loadReport, classes));
    }
    const cfg = detectorConfig(options);
    const { predictor, loadReport } = await loadPredictor(cfg, configFile, terminal);
    const kinds = kindsOfConfig(cfg);
    const [dataset] = cfg.DATASETS.TEST;
    return new Detector(predictor, await findMetadata(kinds, dataset, loadReport, classes));
  }

  /** @throws ImageError of `@detectron-ts/image` when the file can't be read. */
  async detect(file: string): Promise<Detection> {
    const image = await readImage(file, { format: "BGR" });
    const start = performance.now();
    const output = await this.#predictor.predict(image);
    return { image, output, milliseconds: performance.now() - start };
  }
}
