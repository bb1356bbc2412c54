import { join } from "node:path";

import { encode, type CompressedRle } from "@detectron-ts/coco";
import { readImage } from "@detectron-ts/image";
import { rowMajorData } from "@detectron-ts/structures";
import type { NdArray } from "ndarray";

import { ConfusionMatrix } from "./confusion-matrix.ts";
import type { DatasetEvaluator, EvaluationResults, TaskMetrics } from "./dataset-evaluator.ts";
import { ClassIndexError, LabelError, MaskSizeError, MissingGroundTruthError } from "./errors.ts";
import { labelBoundary } from "./label-boundary.ts";
import type { SemSegOutput } from "./prediction.ts";
import { categoryTable, smallTable } from "./results-tables.ts";
import { writeJsonList } from "./write-json.ts";

/** What {@link SemSegEvaluator} reads of an entry of a dataset. */
export interface SemSegInput {
  /** Path of the image. */
  readonly fileName: string;
}

/** Options of {@link SemSegEvaluator}. */
export interface SemSegEvaluatorOptions {
  /** Every image of the dataset with the picture whose gray values are its labels. */
  readonly groundTruth: Iterable<{ readonly fileName: string; readonly semSegFileName?: string }>;
  /** Names of the classes, in the order of their labels. */
  readonly classNames: readonly string[];
  /** Label of pixels that do not count. */
  readonly ignoreLabel: number;
  /** From the dataset's own category ids to labels, for the predictions that are saved; by default they are the same. */
  readonly stuffDatasetIdToContiguousId?: ReadonlyMap<number, number>;
  /** Reads labels, height × width; {@link readImage} in gray by default. */
  readonly readLabels?: (semSegFileName: string) => Promise<NdArray<Uint8Array>>;
  /** Folder that `sem_seg_predictions.json` is written to; none by default. */
  readonly outputDir?: string;
  /** Receives tables of the results; nothing is printed by default. */
  readonly log?: (message: string) => void;
}

/** A class of an image as a file of COCO stuff results has it. */
interface SemSegResult {
  readonly file_name: string;
  readonly category_id: number;
  readonly segmentation: CompressedRle;
}

/** From so many classes on, detectron2 looks at no boundaries: their labels have to fit into a byte, with one to spare. */
const MOST_CLASSES_WITH_BOUNDARIES = 255;

/**
 * How well the pixels of images are classified. Mirrors `detectron2.evaluation.SemSegEvaluator`.
 *
 * Results are percentages: `{ sem_seg: { mIoU, fwIoU, mACC, pACC, "IoU-<class>", "ACC-<class>", … } }`. mIoU is the mean over
 * classes of intersection over union, fwIoU the same weighted by how often a class occurs; mACC is the mean of the classes'
 * shares of pixels found, pACC the share of all pixels. Classes without ground truth have NaN and do not count.
 * `BoundaryIoU-<class>` is the same of {@link labelBoundary}, and `min(IoU, B-Iou)-<class>` the smaller of the two.
 */
export class SemSegEvaluator implements DatasetEvaluator<SemSegInput, SemSegOutput> {
  readonly #options: SemSegEvaluatorOptions;
  readonly #labelFiles: ReadonlyMap<string, string>;
  /** The dataset's own category id of each label. */
  readonly #categoryIds: ReadonlyMap<number, number> | undefined;
  #pixels: ConfusionMatrix;
  #boundaries: ConfusionMatrix | undefined;
  #predictions: SemSegResult[] = [];

  constructor(options: SemSegEvaluatorOptions) {
    this.#options = options;
    this.#labelFiles = new Map(
      [...options.groundTruth].flatMap(({ fileName, semSegFileName }) =>
        semSegFileName === undefined ? [] : [[fileName, semSegFileName]],
      ),
    );
    const ids = options.stuffDatasetIdToContiguousId;
    this.#categoryIds = ids && new Map([...ids].map(([id, label]) => [label, id]));
    [this.#pixels, this.#boundaries] = this.#matrices();
  }

  reset(): void {
    [this.#pixels, this.#boundaries] = this.#matrices();
    this.#predictions = [];
  }

  #matrices(): [pixels: ConfusionMatrix, boundaries: ConfusionMatrix | undefined] {
    const { length } = this.#options.classNames;
    const withBoundaries = length < MOST_CLASSES_WITH_BOUNDARIES;
    // One more, for pixels that do not count.
    const matrix = (): ConfusionMatrix => new ConfusionMatrix(length + 1);
    return [matrix(), withBoundaries ? matrix() : undefined];
  }

  /**
   * @throws {@link MissingGroundTruthError} for an image that is not in the dataset, or has no labels.
   * @throws {@link MaskSizeError} for a prediction of another size than the labels.
   * @throws {@link LabelError} for a label that is neither a class nor ignored.
   * @throws {@link ClassIndexError} for a predicted class that the dataset does not have.
   */
  async process(inputs: readonly SemSegInput[], outputs: readonly SemSegOutput[]): Promise<void> {
    for (const [i, { fileName }] of inputs.entries()) {
      await this.#processImage(fileName, await outputs[i].semSeg.argmax());
    }
  }

  async #processImage(fileName: string, prediction: NdArray<Int32Array>): Promise<void> {
    const [height, width] = prediction.shape;
    const predicted = rowMajorData(prediction);
    const truth = await this.#truth(fileName, [height, width]);
    const { length: numClasses } = this.#options.classNames;
    const unknown = predicted.find((label) => label < 0 || label >= numClasses);
    if (unknown !== undefined) throw new ClassIndexError(unknown, numClasses, fileName);

    this.#pixels.add(predicted, truth);
    this.#boundaries?.add(
      labelBoundary(predicted, [height, width]),
      labelBoundary(truth, [height, width]),
    );
    if (this.#options.outputDir === undefined) return;
    for (const label of [...new Set(predicted)].sort((a, b) => a - b)) {
      this.#predictions.push({
        file_name: fileName,
        category_id: this.#categoryId(label, fileName),
        segmentation: encode(
          Uint8Array.from(predicted, (each) => Number(each === label)),
          [height, width],
        ),
      });
    }
  }

  /** Labels of an image, with the number of classes in the place of those that are ignored. */
  async #truth(
    fileName: string,
    size: readonly [height: number, width: number],
  ): Promise<Int32Array> {
    const { classNames, ignoreLabel, readLabels = readGray } = this.#options;
    const file = this.#labelFiles.get(fileName);
    if (file === undefined) throw new MissingGroundTruthError(fileName);
    const labels = await readLabels(file);
    const [height, width] = labels.shape;
    if (height !== size[0] || width !== size[1]) {
      throw new MaskSizeError(fileName, size, [height, width]);
    }
    const data = Int32Array.from(rowMajorData(labels));
    for (const [pixel, label] of data.entries()) {
      if (label === ignoreLabel) data[pixel] = classNames.length;
      else if (label > classNames.length) throw new LabelError(file, label, classNames.length);
    }
    return data;
  }

  #categoryId(label: number, fileName: string): number {
    if (this.#categoryIds === undefined) return label;
    const id = this.#categoryIds.get(label);
    if (id === undefined) throw new ClassIndexError(label, this.#categoryIds.size, fileName);
    return id;
  }

  /** Measures what has been processed, and saves it. */
  async evaluate(): Promise<EvaluationResults> {
    const { outputDir, log } = this.#options;
    if (outputDir !== undefined) {
      await writeJsonList(join(outputDir, "sem_seg_predictions.json"), this.#predictions);
    }
    const metrics = this.#measure();
    if (log) {
      const { mIoU, fwIoU, mACC, pACC } = metrics;
      log(`Evaluation results for sem_seg:\n${smallTable({ mIoU, fwIoU, mACC, pACC })}`);
      const ious = this.#options.classNames.map((name) => [name, metrics[`IoU-${name}`]] as const);
      log(`Per-category IoU:\n${categoryTable("IoU", ious)}`);
    }
    return { sem_seg: metrics };
  }

  #measure(): TaskMetrics {
    const { classNames } = this.#options;
    const { found, truth, predicted } = this.#pixels.totals();
    const unions = truth.map((count, label) => count + predicted[label] - found[label]);
    const occurs = classNames.flatMap((_, label) => (truth[label] > 0 ? [label] : []));
    const acc = classNames.map((_, label) =>
      truth[label] > 0 ? found[label] / truth[label] : NaN,
    );
    const iou = classNames.map((_, label) =>
      truth[label] > 0 ? found[label] / unions[label] : NaN,
    );
    const total = sum(truth);
    const mean = (values: readonly number[]): number =>
      sum(occurs.map((label) => values[label])) / occurs.length;

    const metrics: Record<string, number> = {
      mIoU: 100 * mean(iou),
      fwIoU: 100 * sum(occurs.map((label) => iou[label] * (truth[label] / total))),
    };
    const boundary = this.#boundaries?.totals();
    for (const [label, name] of classNames.entries()) {
      metrics[`IoU-${name}`] = 100 * iou[label];
      if (boundary === undefined) continue;
      const bIntersection = boundary.found[label];
      const bUnion = boundary.truth[label] + boundary.predicted[label] - bIntersection;
      const bIou = bUnion > 0 ? bIntersection / bUnion : NaN;
      metrics[`BoundaryIoU-${name}`] = 100 * bIou;
      // As Python's `min` has it: the first where a comparison with NaN decides.
      metrics[`min(IoU, B-Iou)-${name}`] = 100 * (bIou < iou[label] ? bIou : iou[label]);
    }
    metrics.mACC = 100 * mean(acc);
    metrics.pACC = 100 * (sum(found) / total);
    for (const [label, name] of classNames.entries()) metrics[`ACC-${name}`] = 100 * acc[label];
    return metrics;
  }
}

async function readGray(file: string): Promise<NdArray<Uint8Array>> {
  return (await readImage(file, { format: "L" })).pick(null, null, 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
