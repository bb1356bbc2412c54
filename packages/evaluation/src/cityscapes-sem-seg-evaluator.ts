import {
  checkComplete,
  checkSize,
  type CityscapesEvaluationLabel,
  type CityscapesGroundTruth,
  INSTANCES_PER_LABEL,
  type InstanceIds,
  labelOf,
  readInstanceIds,
} from "./cityscapes-ground-truth.ts";
import type { DatasetEvaluator, EvaluationResults } from "./dataset-evaluator.ts";
import { type EvaluationInput, flat, type SemSegOutput } from "./prediction.ts";
import { smallTable } from "./results-tables.ts";

/** Options of {@link CityscapesSemSegEvaluator}. */
export interface CityscapesSemSegEvaluatorOptions {
  /** Instance ids of every image of the set, which tell the labels of the pixels as well. */
  readonly groundTruth: CityscapesGroundTruth;
  /** All labels of Cityscapes. */
  readonly labels: readonly CityscapesEvaluationLabel[];
  /** Receives a table of the results; nothing is printed by default. */
  readonly log?: (message: string) => void;
}

/**
 * Mean numbers of pixels of an object in Cityscapes' training set, by label. In iIoU an object weighs as much as one of this
 * size, so that near objects don't drown those far away.
 */
const AVERAGE_SIZES: Readonly<Record<string, number>> = {
  bicycle: 4672.3249222261,
  caravan: 36771.8241758242,
  motorcycle: 6298.7200839748,
  rider: 3930.4788056518,
  bus: 35732.1511111111,
  train: 67583.7075812274,
  car: 12794.0202738185,
  person: 3462.4756337644,
  truck: 27855.1264367816,
  trailer: 16926.9763313609,
};

/** Weighted pixels of objects that were found and missed. */
interface InstanceScore {
  found: number;
  missed: number;
}

/**
 * Intersection over union of pixels by the rules of Cityscapes. Mirrors `detectron2.evaluation.CityscapesSemSegEvaluator`, with
 * cityscapesScripts' `evalPixelLevelSemanticLabeling`, but keeps sums instead of writing predictions to files.
 *
 * Results are percentages: `{ sem_seg: { IoU, iIoU, IoU_sup, iIoU_sup } }`, means over the labels that occur (`_sup`: over
 * their categories). iIoU looks at labels with objects only and weighs each object alike.
 */
export class CityscapesSemSegEvaluator implements DatasetEvaluator<EvaluationInput, SemSegOutput> {
  readonly #options: CityscapesSemSegEvaluatorOptions;
  /** The labels that are in images, by id. */
  readonly #labels: readonly CityscapesEvaluationLabel[];
  /** Label id of each train id. */
  readonly #idOfTrainId: ReadonlyMap<number, number>;
  /** Rows are ids of the ground truth, columns those of predictions; the last column is of no label. */
  #confusion: Float64Array = new Float64Array(0);
  /** By names of labels, and by names of categories all of whose labels have objects. */
  #labelScores = new Map<string, InstanceScore>();
  #categoryScores = new Map<string, InstanceScore>();
  readonly #processed = new Set<number | string>();

  constructor(options: CityscapesSemSegEvaluatorOptions) {
    this.#options = options;
    this.#labels = options.labels.filter(({ id }) => id >= 0).toSorted((a, b) => a.id - b.id);
    this.#idOfTrainId = new Map(
      this.#labels
        .filter(({ ignoreInEval }) => !ignoreInEval)
        .map(({ id, trainId }) => [trainId, id]),
    );
    this.reset();
  }

  get #numColumns(): number {
    return this.#labels.length + 1;
  }

  reset(): void {
    const labels = this.#labels;
    const categories = [...new Set(labels.map(({ category }) => category))].filter((category) =>
      this.#labelsOf(category).every(({ hasInstances }) => hasInstances),
    );
    this.#confusion = new Float64Array(labels.length * this.#numColumns);
    this.#labelScores = new Map(
      labels
        .filter(({ hasInstances, ignoreInEval }) => hasInstances && !ignoreInEval)
        .map(({ name }) => emptyScore(name)),
    );
    this.#categoryScores = new Map(categories.map(emptyScore));
    this.#processed.clear();
  }

  /**
   * @throws {@link MissingGroundTruthError} for an image that is not in the set.
   * @throws {@link MaskSizeError} for a segmentation of another size than the ground truth.
   */
  async process(
    inputs: readonly EvaluationInput[],
    outputs: readonly SemSegOutput[],
  ): Promise<void> {
    for (const [i, { imageId }] of inputs.entries()) {
      const instanceIds = await readInstanceIds(this.#options.groundTruth, imageId);
      const trainIds = await outputs[i].semSeg.argmax();
      checkSize(imageId, [trainIds.shape[0], trainIds.shape[1]], instanceIds);
      const none = this.#labels.length;
      const predicted = flat(trainIds).map((trainId) => this.#idOfTrainId.get(trainId) ?? none);
      this.#addPixels(instanceIds, predicted);
      this.#addObjects(instanceIds, predicted);
      this.#processed.add(imageId);
    }
  }

  /** @throws {@link MissingPredictionError} when an image of the set has not been processed. */
  evaluate(): EvaluationResults {
    const { groundTruth, log } = this.#options;
    checkComplete(groundTruth, this.#processed);
    const evaluated = this.#labels.filter(({ ignoreInEval }) => !ignoreInEval);
    const categories = [...new Set(evaluated.map(({ category }) => category))];
    const sem_seg = {
      IoU: meanOfSome(evaluated.map(({ id }) => this.#iou([id]))),
      iIoU: meanOfSome(
        evaluated.map(({ id, name }) => this.#iou([id], this.#labelScores.get(name) ?? null)),
      ),
      IoU_sup: meanOfSome(categories.map((category) => this.#iou(this.#evaluatedIds(category)))),
      iIoU_sup: meanOfSome(
        categories.map((category) =>
          this.#iou(
            this.#labelsOf(category).map(({ id }) => id),
            this.#categoryScores.get(category) ?? null,
          ),
        ),
      ),
    };
    log?.(`Evaluation results for sem_seg:\n${smallTable(sem_seg)}`);
    return { sem_seg };
  }

  #labelsOf(category: string): CityscapesEvaluationLabel[] {
    return this.#labels.filter((label) => label.category === category);
  }

  #evaluatedIds(category: string): number[] {
    return this.#labelsOf(category)
      .filter(({ ignoreInEval }) => !ignoreInEval)
      .map(({ id }) => id);
  }

  #addPixels({ ids }: InstanceIds, predicted: Int32Array): void {
    const numColumns = this.#numColumns;
    for (let i = 0; i < ids.length; i++) {
      this.#confusion[labelOf(ids[i]) * numColumns + predicted[i]]++;
    }
  }

  /** Each object counts its pixels of its own label, and those of any label of its category. */
  #addObjects({ ids }: InstanceIds, predicted: Int32Array): void {
    const categoryOf = this.#labels.map(({ category }) => category);
    const counts = new Map<number, { size: number; label: number; category: number }>();
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] <= INSTANCES_PER_LABEL) continue;
      let count = counts.get(ids[i]);
      if (!count) counts.set(ids[i], (count = { size: 0, label: 0, category: 0 }));
      const labelId = labelOf(ids[i]);
      count.size++;
      if (predicted[i] === labelId) count.label++;
      if (categoryOf[predicted[i]] === categoryOf[labelId]) count.category++;
    }
    for (const [instanceId, { size, label, category }] of counts) {
      const { name, ignoreInEval } = this.#labels[labelOf(instanceId)];
      if (ignoreInEval) continue;
      const weight = AVERAGE_SIZES[name] / size;
      addScore(this.#labelScores.get(name), label * weight, (size - label) * weight);
      const score = this.#categoryScores.get(categoryOf[labelOf(instanceId)]);
      addScore(score, category * weight, (size - category) * weight);
    }
  }

  /**
   * Intersection over union of some labels taken as one; NaN when they do not occur. What is found and missed is told by pixels,
   * or by a score of objects; false positives are always pixels, of ground truth that is evaluated.
   *
   * @param objects - null for labels without objects.
   */
  #iou(labelIds: readonly number[], objects?: InstanceScore | null): number {
    if (objects === null) return NaN;
    const wanted = new Set(labelIds);
    const category = this.#labels[labelIds[0]].category;
    let [found, missed, wrong] = [0, 0, 0];
    for (const { id: row, ignoreInEval, category: rowCategory } of this.#labels) {
      for (let column = 0; column < this.#numColumns; column++) {
        const pixels = this.#confusion[row * this.#numColumns + column];
        if (wanted.has(row)) {
          if (wanted.has(column)) found += pixels;
          else missed += pixels;
        } else if (wanted.has(column) && !ignoreInEval) {
          // Pixels that another label of a category is in are not wrong for the category.
          if (labelIds.length === 1 || rowCategory !== category) wrong += pixels;
        }
      }
    }
    if (objects) [found, missed] = [objects.found, objects.missed];
    return found / (found + missed + wrong);
  }
}

function emptyScore(name: string): readonly [name: string, score: InstanceScore] {
  return [name, { found: 0, missed: 0 }];
}

function addScore(score: InstanceScore | undefined, found: number, missed: number): void {
  if (!score) return;
  score.found += found;
  score.missed += missed;
}

/** The mean of those that are numbers, in percent; NaN of none. */
function meanOfSome(values: readonly number[]): number {
  const numbers = values.filter((value) => !Number.isNaN(value));
  return (100 * numbers.reduce((sum, value) => sum + value, 0)) / numbers.length;
}
