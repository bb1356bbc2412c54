import { mkdir, writeFile } from "node:fs/promises";
import { join, parse } from "node:path";

import {
  id2rgb,
  type PanopticAverages,
  type PanopticCategory,
  PanopticQuality,
  type PanopticResults,
  type PanopticSegment,
  rgb2id,
} from "@detectron-ts/coco";
import { encodeImage, readImage } from "@detectron-ts/image";
import { rowMajorData } from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

import type { DatasetEvaluator, EvaluationResults } from "./dataset-evaluator.ts";
import {
  ClassIndexError,
  MaskSizeError,
  MissingGroundTruthError,
  MissingPredictionError,
  RepeatedImageError,
} from "./errors.ts";
import type { EvaluationInput } from "./prediction.ts";
import { panopticTable } from "./results-tables.ts";
import { writeJson } from "./write-json.ts";

/** A file of panoptic annotations, parsed: COCO's `panoptic_val2017.json` and others of its format. */
export interface CocoPanopticDataset {
  readonly annotations: readonly {
    readonly image_id: number | string;
    /** Name of the PNG with the segments. */
    readonly file_name: string;
    readonly segments_info: readonly PanopticSegment[];
  }[];
  readonly categories: readonly PanopticCategory[];
}

/** What {@link COCOPanopticEvaluator} reads of an entry of a dataset. */
export interface PanopticInput extends EvaluationInput {
  /** Path of the image: what is saved has its name. */
  readonly fileName: string;
}

/** What evaluators read of a segment. */
export interface PredictedSegment {
  readonly id: number;
  /** Without it, `categoryId` is a category id of the dataset, and no contiguous one. */
  readonly isThing?: boolean;
  readonly categoryId: number;
  readonly score?: number;
  readonly instanceId?: number;
  readonly area?: number;
}

/** A panoptic segmentation's answer to one input, in pixels of the image file. */
export interface PanopticOutput {
  readonly panopticSeg: {
    /**
     * Height × width: the id of the segment that each pixel belongs to, 0 for none. Without a list of segments
     * `category · labelDivisor + instance`, -1 for none.
     */
    readonly panopticSeg: NdArray<Int32Array>;
    readonly segmentsInfo?: readonly PredictedSegment[];
  };
}

/** Options of {@link COCOPanopticEvaluator}. */
export interface COCOPanopticEvaluatorOptions {
  readonly groundTruth: CocoPanopticDataset;
  /** The folder of the PNG files of the ground truth. */
  readonly panopticRoot: string;
  /** From category ids to contiguous ids, of things and of stuff. */
  readonly thingDatasetIdToContiguousId: ReadonlyMap<number, number>;
  readonly stuffDatasetIdToContiguousId: ReadonlyMap<number, number>;
  /** What ids are divided by to get their category, for models that give no list of segments; 1000 by default. */
  readonly labelDivisor?: number;
  /** Folder that `predictions.json` and the PNG files it names, in `predictions/`, are written to; none by default. */
  readonly outputDir?: string;
  /** Receives a table of the results; nothing is printed by default. */
  readonly log?: (message: string) => void;
}

/** A segment as a file of panoptic results has it. */
interface PanopticResultSegment extends PanopticSegment {
  readonly score?: number;
  readonly instance_id?: number;
}

/** What a file of panoptic results says of an image. */
interface PanopticResult {
  readonly image_id: number | string;
  readonly file_name: string;
  readonly segments_info: readonly PanopticResultSegment[];
}

/**
 * Panoptic quality by COCO's rules. Mirrors `detectron2.evaluation.COCOPanopticEvaluator`, with panopticapi's numbers.
 *
 * Results are percentages: `{ panoptic_seg: { PQ, SQ, RQ, PQ_th, SQ_th, RQ_th, PQ_st, SQ_st, RQ_st } }`, of all categories, of
 * things and of stuff; NaN where none occurs. Images are measured one by one, so that not all segmentations have to be kept.
 */
export class COCOPanopticEvaluator implements DatasetEvaluator<PanopticInput, PanopticOutput> {
  readonly #options: COCOPanopticEvaluatorOptions;
  readonly #annotations: ReadonlyMap<string, CocoPanopticDataset["annotations"][number]>;
  /** Category ids by contiguous ids. */
  readonly #thingIds: ReadonlyMap<number, number>;
  readonly #stuffIds: ReadonlyMap<number, number>;
  #quality: PanopticQuality;
  #results = new Map<string, PanopticResult>();

  constructor(options: COCOPanopticEvaluatorOptions) {
    const { groundTruth } = options;
    this.#options = options;
    this.#annotations = new Map(
      groundTruth.annotations.map((annotation) => [String(annotation.image_id), annotation]),
    );
    this.#thingIds = inverse(options.thingDatasetIdToContiguousId);
    this.#stuffIds = inverse(options.stuffDatasetIdToContiguousId);
    this.#quality = new PanopticQuality(groundTruth.categories);
  }

  reset(): void {
    this.#quality = new PanopticQuality(this.#options.groundTruth.categories);
    this.#results = new Map();
  }

  /**
   * @throws {@link MissingGroundTruthError} for an image that is not in the dataset, {@link RepeatedImageError} for one that
   *   has been processed already.
   * @throws {@link MaskSizeError} for a prediction of another size than the ground truth.
   * @throws {@link ClassIndexError} for a class that the dataset does not have.
   * @throws PanopticSegmentError of `@detectron-ts/coco` when pixels and segments of a prediction don't name the same ids.
   */
  async process(
    inputs: readonly PanopticInput[],
    outputs: readonly PanopticOutput[],
  ): Promise<void> {
    for (const [i, input] of inputs.entries()) {
      await this.#processImage(input, outputs[i].panopticSeg);
    }
  }

  async #processImage(
    { imageId, fileName }: PanopticInput,
    output: PanopticOutput["panopticSeg"],
  ): Promise<void> {
    const annotation = this.#annotations.get(String(imageId));
    if (annotation === undefined) throw new MissingGroundTruthError(imageId);
    if (this.#results.has(String(imageId))) throw new RepeatedImageError(imageId);
    const { ids, segments } = this.#described(output);
    const [height, width] = output.panopticSeg.shape;
    const truth = await readImage(join(this.#options.panopticRoot, annotation.file_name));
    if (truth.shape[0] !== height || truth.shape[1] !== width) {
      throw new MaskSizeError(imageId, [height, width], [truth.shape[0], truth.shape[1]]);
    }
    const result = {
      image_id: imageId,
      file_name: `${parse(fileName).name}.png`,
      segments_info: segments.map((segment) => this.#withCategoryId(segment, imageId)),
    };
    this.#quality.add(
      { imageId, ids: rgb2id(rowMajorData(truth)), segments: annotation.segments_info },
      { imageId, ids, segments: result.segments_info },
    );
    this.#results.set(String(imageId), result);
    await this.#save(result.file_name, ids, [height, width]);
  }

  /** A segmentation with a list of its segments: where there is none, ids say the categories. */
  #described({ panopticSeg, segmentsInfo }: PanopticOutput["panopticSeg"]): {
    ids: Int32Array;
    segments: readonly PredictedSegment[];
  } {
    const ids = rowMajorData(panopticSeg);
    if (segmentsInfo !== undefined) return { ids, segments: segmentsInfo };
    const { labelDivisor = 1000 } = this.#options;
    const labels = [...new Set(ids)].filter((id) => id !== -1).sort((a, b) => a - b);
    const segments = labels.map((label) => {
      const categoryId = Math.floor(label / labelDivisor);
      return { id: label + 1, isThing: this.#thingIds.has(categoryId), categoryId };
    });
    // 0 is for pixels without a segment.
    return { ids: ids.map((id) => id + 1), segments };
  }

  #withCategoryId(segment: PredictedSegment, imageId: number | string): PanopticResultSegment {
    const { id, isThing, categoryId, score, instanceId, area } = segment;
    const ids = isThing ? this.#thingIds : this.#stuffIds;
    const category = isThing === undefined ? categoryId : ids.get(categoryId);
    if (category === undefined) throw new ClassIndexError(categoryId, ids.size, imageId);
    return {
      id,
      category_id: category,
      ...(score !== undefined && { score }),
      ...(instanceId !== undefined && { instance_id: instanceId }),
      ...(area !== undefined && { area }),
    };
  }

  async #save(
    fileName: string,
    ids: Int32Array,
    [height, width]: readonly [height: number, width: number],
  ): Promise<void> {
    const { outputDir } = this.#options;
    if (outputDir === undefined) return;
    const folder = join(outputDir, "predictions");
    await mkdir(folder, { recursive: true });
    const png = await encodeImage(ndarray(id2rgb(ids), [height, width, 3]), "png");
    await writeFile(join(folder, fileName), png);
  }

  /**
   * The quality of what has been processed.
   *
   * @throws {@link MissingPredictionError} for an image of the ground truth that has not been.
   */
  async evaluate(): Promise<EvaluationResults> {
    const { groundTruth, outputDir, log } = this.#options;
    for (const { image_id } of groundTruth.annotations) {
      if (!this.#results.has(String(image_id))) throw new MissingPredictionError(image_id);
    }
    if (outputDir !== undefined) {
      const annotations = [...this.#results.values()];
      await writeJson(join(outputDir, "predictions.json"), { ...groundTruth, annotations });
    }
    const results = this.#quality.summarize();
    log?.(`Panoptic Evaluation Results:\n${panopticTable(results)}`);
    return { panoptic_seg: percentages(results) };
  }
}

function percentages({ all, things, stuff }: PanopticResults): Record<string, number> {
  return { ...named(all, ""), ...named(things, "_th"), ...named(stuff, "_st") };
}

function named({ pq, sq, rq }: PanopticAverages, suffix: string): Record<string, number> {
  return { [`PQ${suffix}`]: 100 * pq, [`SQ${suffix}`]: 100 * sq, [`RQ${suffix}`]: 100 * rq };
}

function inverse(ids: ReadonlyMap<number, number>): Map<number, number> {
  return new Map([...ids].map(([id, contiguousId]) => [contiguousId, id]));
}
