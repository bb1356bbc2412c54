import {
  checkComplete,
  checkSize,
  type CityscapesEvaluationLabel,
  type CityscapesGroundTruth,
  readInstanceIds,
} from "./cityscapes-ground-truth.ts";
import { cityscapesAveragePrecision } from "./cityscapes-ap.ts";
import {
  type CityscapesPrediction,
  type LabelMatches,
  matchInstances,
} from "./cityscapes-matches.ts";
import type { DatasetEvaluator, EvaluationResults } from "./dataset-evaluator.ts";
import { ClassIndexError, MetadataMismatchError } from "./errors.ts";
import { type DetectionOutput, type EvaluationInput, flat } from "./prediction.ts";
import { categoryTable, smallTable } from "./results-tables.ts";

/** Options of {@link CityscapesInstanceEvaluator}. */
export interface CityscapesInstanceEvaluatorOptions {
  /** Instance ids of every image of the set. */
  readonly groundTruth: CityscapesGroundTruth;
  /** All labels of Cityscapes. */
  readonly labels: readonly CityscapesEvaluationLabel[];
  /** Names of the model's classes, which are names of labels. */
  readonly thingClasses: readonly string[];
  /** Receives tables of the results; nothing is printed by default. */
  readonly log?: (message: string) => void;
}

/** Overlaps 0.50, 0.55, …, 0.95, as NumPy's `arange` rounds them: the step is what is between the first two. */
const OVERLAPS = Array.from({ length: 10 }, (_, i) => 0.5 + i * (0.55 - 0.5));

/**
 * Average precision of masks by the rules of Cityscapes. Mirrors `detectron2.evaluation.CityscapesInstanceEvaluator`, with
 * cityscapesScripts' `evalInstanceLevelSemanticLabeling`, but keeps what it needs of predictions instead of writing them to files.
 *
 * Results are percentages: `{ segm: { AP, AP50 } }`, means over the labels that occur.
 */
export class CityscapesInstanceEvaluator implements DatasetEvaluator<
  EvaluationInput,
  DetectionOutput
> {
  readonly #options: CityscapesInstanceEvaluatorOptions;
  /** Label of each of the model's classes. */
  readonly #classLabels: readonly CityscapesEvaluationLabel[];
  readonly #evaluated: readonly CityscapesEvaluationLabel[];
  readonly #voidIds: ReadonlySet<number>;
  readonly #matches = new Map<number | string, ReadonlyMap<number, LabelMatches>>();

  /** @throws {@link MetadataMismatchError} for a class that is no label. */
  constructor(options: CityscapesInstanceEvaluatorOptions) {
    const { labels, thingClasses } = options;
    this.#options = options;
    this.#classLabels = thingClasses.map((className) => {
      const label = labels.find(({ name }) => name === className);
      if (label) return label;
      throw new MetadataMismatchError(`Cityscapes has no label "${className}"`);
    });
    this.#evaluated = labels.filter(
      ({ hasInstances, ignoreInEval }) => hasInstances && !ignoreInEval,
    );
    this.#voidIds = new Set(labels.filter(({ ignoreInEval }) => ignoreInEval).map(({ id }) => id));
  }

  reset(): void {
    this.#matches.clear();
  }

  /**
   * @throws {@link MissingGroundTruthError} for an image that is not in the set.
   * @throws {@link ClassIndexError} for a class without a name.
   * @throws {@link MaskSizeError} for masks of another size than the ground truth.
   */
  async process(
    inputs: readonly EvaluationInput[],
    outputs: readonly DetectionOutput[],
  ): Promise<void> {
    for (const [i, { imageId }] of inputs.entries()) {
      const instanceIds = await readInstanceIds(this.#options.groundTruth, imageId);
      const predictions = this.#predictions(imageId, outputs[i]);
      for (const { size } of predictions) checkSize(imageId, size, instanceIds);
      const labelIds = this.#evaluated.map(({ id }) => id);
      const matches = matchInstances(instanceIds, predictions, labelIds, this.#voidIds);
      this.#matches.set(imageId, matches);
    }
  }

  /** @throws {@link MissingPredictionError} when an image of the set has not been processed. */
  evaluate(): EvaluationResults {
    const { groundTruth, log } = this.#options;
    checkComplete(groundTruth, this.#matches);
    const aps = this.#evaluated.map(({ id }) => {
      const images = [...this.#matches.values()].flatMap((matches) => matches.get(id) ?? []);
      return OVERLAPS.map((overlap) => cityscapesAveragePrecision(images, overlap) * 100);
    });
    const segm = { AP: nanMean(aps.flat()), AP50: nanMean(aps.map(([ap50]) => ap50)) };
    if (log) {
      log(`Evaluation results for segm:\n${smallTable(segm)}`);
      const table = this.#evaluated.map(({ name }, i) => [name, mean(aps[i])] as const);
      log(`Per-category segm AP:\n${categoryTable("AP", table)}`);
    }
    return { segm };
  }

  #predictions(
    imageId: number | string,
    { instances }: DetectionOutput,
  ): (CityscapesPrediction & { readonly size: readonly [number, number] })[] {
    const { scores, predClasses, predMasks } = instances.fields();
    if (!predMasks) throw new MetadataMismatchError("the model has no masks (MODEL.MASK_ON)");
    const tensor = "tensor" in predMasks ? predMasks.tensor : predMasks;
    const [, height, width] = tensor.shape;
    const pixels = flat(tensor);
    const [scoreOf, classOf] = [flat(scores), flat(predClasses)];
    return Array.from(scoreOf, (score, i) => {
      const label = this.#classLabels[classOf[i]];
      if (!label) throw new ClassIndexError(classOf[i], this.#classLabels.length, imageId);
      const mask = pixels.subarray(i * height * width, (i + 1) * height * width);
      return { labelId: label.id, score, mask, size: [height, width] };
    });
  }
}

/** The mean of those that are numbers; NaN of none. */
function nanMean(values: readonly number[]): number {
  return mean(values.filter((value) => !Number.isNaN(value)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
