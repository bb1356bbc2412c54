import {
  DetectionCheckpointer,
  type LoadReport,
  type StateDictTarget,
} from "@detectron-ts/checkpoint";
import {
  DefaultPredictor,
  parseOpts,
  type PredictorModel,
  setupConfig,
} from "@detectron-ts/engine";
import { readImage } from "@detectron-ts/image";
import { buildModel } from "@detectron-ts/modeling";
import { runtime } from "@detectron-ts/runtime";
import { ResizeShortestEdge } from "@detectron-ts/transforms";
import type { NdArray } from "ndarray";

import { UsageError } from "../errors.ts";
import type { Terminal } from "../terminal.ts";
import { findClassNames } from "./class-names.ts";
import { DownloadBar } from "./progress.ts";
import type { ModelOutput } from "./results.ts";

/** What a detector is made of. */
export interface DetectorOptions {
  /** A YAML file, or the name of a config of the model zoo, which then brings its released checkpoint. */
  readonly configFile: string;
  /** A checkpoint, a path or an address; MODEL.WEIGHTS of the config when left out. */
  readonly weights?: string | undefined;
  /** Overrides of the config. */
  readonly opts?: readonly string[] | undefined;
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
  readonly classNames: readonly string[] | undefined;
  readonly #predictor: DefaultPredictor<ModelOutput>;

  private constructor(
    predictor: DefaultPredictor<ModelOutput>,
    classNames: readonly string[] | undefined,
  ) {
    this.#predictor = predictor;
    this.classNames = classNames;
  }

  /**
   * Builds the model and loads its checkpoint. Tells on the terminal how far a download is, and which tensors were not in
   * the checkpoint.
   *
   * @throws UsageError when no checkpoint is named, or none of its tensors is one of the model's.
   */
  static async load(options: DetectorOptions, terminal: Terminal): Promise<Detector> {
    const { configFile, weights, opts = [], classes, threads } = options;
    if (threads !== undefined) await runtime.configure({ threads });
    const trained = !parseOpts(opts).includes("MODEL.WEIGHTS");
    const cfg = setupConfig({ configFile, trained, opts, weights });
    if (cfg.MODEL.WEIGHTS === "") {
      throw new UsageError(`${configFile} names no checkpoint (MODEL.WEIGHTS): add --weights FILE`);
    }

    const model = buildModel<PredictorModel<ModelOutput> & StateDictTarget>(cfg);
    const download = new DownloadBar(terminal);
    const report = await new DetectionCheckpointer(model)
      .load(cfg.MODEL.WEIGHTS, { onProgress: download.update })
      .finally(() => download.stop());
    checkReport(report, configFile, terminal);

    const { MIN_SIZE_TEST, MAX_SIZE_TEST } = cfg.INPUT;
    const resize = new ResizeShortestEdge({
      shortEdgeLength: MIN_SIZE_TEST,
      maxSize: MAX_SIZE_TEST,
    });
    return new Detector(
      new DefaultPredictor({ model, resize }),
      await findClassNames(cfg, report, classes),
    );
  }

  /** @throws ImageError of `@detectron-ts/image` when the file can't be read. */
  async detect(file: string): Promise<Detection> {
    const image = await readImage(file, { format: "BGR" });
    const start = performance.now();
    const output = await this.#predictor.predict(image);
    return { image, output, milliseconds: performance.now() - start };
  }
}

/** A checkpoint of another model would leave this one random without a word. */
function checkReport(report: LoadReport, configFile: string, terminal: Terminal): void {
  const { source, matched, missing } = report;
  if (matched.length === 0) {
    throw new UsageError(`${source} has no tensor of the model that ${configFile} describes`);
  }
  if (missing.length > 0) {
    const [first, ...others] = missing;
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    terminal.warn(`${source} has no value that fits ${first}${more}; left random`);
  }
}
