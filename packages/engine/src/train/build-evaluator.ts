import type { Config } from "@detectron-ts/config";
import {
  CITYSCAPES_LABELS,
  DatasetCatalog,
  type Metadata,
  MetadataCatalog,
  type MetadataFields,
  readPanopticFile,
} from "@detectron-ts/data";
import {
  CityscapesInstanceEvaluator,
  CityscapesSemSegEvaluator,
  COCOEvaluator,
  COCOPanopticEvaluator,
  type DatasetEvaluator,
  DatasetEvaluators,
  LVISEvaluator,
  PascalVOCDetectionEvaluator,
  RotatedCOCOEvaluator,
  SemSegEvaluator,
} from "@detectron-ts/evaluation";

import { UnknownEvaluatorError } from "../errors.ts";
import {
  cityscapesGroundTruth,
  cocoGroundTruth,
  lvisGroundTruth,
  vocGroundTruth,
} from "./ground-truth.ts";
import { type DatasetInput, type ModelOutputs, RequiredOutputs } from "./required-outputs.ts";

/** An evaluator of what models of `@detectron-ts/modeling` yield. */
export type DetectionEvaluator = DatasetEvaluator<DatasetInput, Partial<ModelOutputs>>;

/** Options of {@link buildEvaluator}. */
export interface BuildEvaluatorOptions {
  /** Folder for what evaluators save, such as `coco_instances_results.json`; nothing is saved when left out. */
  readonly outputDir?: string;
  /** Receives the tables of results; nothing is printed when left out. */
  readonly log?: (message: string) => void;
}

/** What the functions of {@link EVALUATORS} know of. */
interface Task {
  readonly cfg: Config;
  readonly datasetName: string;
  readonly metadata: Metadata;
  readonly options: BuildEvaluatorOptions;
}

/** Label of pixels that do not count, where metadata says no other. */
const IGNORE_LABEL = 255;

/** How to make an evaluator, by the `evaluatorType` of metadata. */
const EVALUATORS: Readonly<Record<string, (task: Task) => Promise<DetectionEvaluator>>> = {
  coco,
  lvis,
  pascal_voc: pascalVoc,
  sem_seg: semSeg,
  coco_panoptic_seg: panopticSeg,
  ade20k_panoptic_seg: panopticSeg,
  cityscapes_panoptic_seg: panopticSeg,
  cityscapes_instance: cityscapesInstance,
  cityscapes_sem_seg: cityscapesSemSeg,
};

/**
 * The evaluator that a registered dataset asks for by `evaluatorType` of its metadata; COCO's when it asks for none. Mirrors
 * `build_evaluator` of detectron2's `tools/train_net.py`.
 *
 * - `coco`, `lvis`, `pascal_voc`: average precision by the rules of each;
 * - `sem_seg`: intersection over union of pixels;
 * - `coco_panoptic_seg`: panoptic quality, and both of the above for datasets that have label maps and objects;
 * - `cityscapes_instance`, `cityscapes_sem_seg`: by Cityscapes' rules.
 *
 * @throws UnknownEvaluatorError for another type; GroundTruthError and the errors of `@detectron-ts/data` when the dataset
 *   can't be read. The evaluator throws MissingOutputError for models that do not give what it measures.
 */
export async function buildEvaluator(
  cfg: Config,
  datasetName: string,
  options: BuildEvaluatorOptions = {},
): Promise<DetectionEvaluator> {
  const metadata = MetadataCatalog.get(datasetName);
  const evaluatorType = metadata.has("evaluatorType") ? metadata.get("evaluatorType") : "coco";
  const known = Object.keys(EVALUATORS);
  if (!known.includes(evaluatorType)) {
    throw new UnknownEvaluatorError(datasetName, evaluatorType, known);
  }
  return EVALUATORS[evaluatorType]({ cfg, datasetName, metadata, options });
}

async function coco({ cfg, datasetName, metadata, options }: Task): Promise<COCOEvaluator> {
  // Also reads the classes of a dataset that nobody has asked for yet.
  const groundTruth = await cocoGroundTruth(datasetName);
  const findsRotated = cfg.MODEL.ROI_HEADS.NAME === "RROIHeads";
  const Evaluator = findsRotated ? RotatedCOCOEvaluator : COCOEvaluator;
  return new Evaluator({
    groundTruth,
    kptOksSigmas: cfg.TEST.KEYPOINT_OKS_SIGMAS,
    ...some(metadata, "thingDatasetIdToContiguousId"),
    ...options,
  });
}

async function lvis({ datasetName, metadata, options }: Task): Promise<LVISEvaluator> {
  const groundTruth = await lvisGroundTruth(datasetName);
  return new LVISEvaluator({
    groundTruth,
    ...some(metadata, "thingDatasetIdToContiguousId"),
    ...options,
  });
}

async function pascalVoc({
  datasetName,
  metadata,
  options: { log },
}: Task): Promise<DetectionEvaluator> {
  const evaluator = new PascalVOCDetectionEvaluator({
    groundTruth: await vocGroundTruth(datasetName),
    classNames: metadata.get("thingClasses"),
    is2007: metadata.has("year") && metadata.get("year") === 2007,
    ...(log && { log }),
  });
  return new RequiredOutputs(datasetName, "instances", evaluator);
}

async function semSeg({ datasetName, metadata, options }: Task): Promise<DetectionEvaluator> {
  const evaluator = new SemSegEvaluator({
    groundTruth: await DatasetCatalog.get(datasetName),
    classNames: metadata.get("stuffClasses"),
    ignoreLabel: metadata.has("ignoreLabel") ? metadata.get("ignoreLabel") : IGNORE_LABEL,
    ...some(metadata, "stuffDatasetIdToContiguousId"),
    ...options,
  });
  return new RequiredOutputs(datasetName, "semSeg", evaluator);
}

/** Panoptic quality, and what can be measured of label maps and objects if the dataset has some. */
async function panopticSeg(task: Task): Promise<DetectionEvaluator> {
  const { datasetName, metadata, options } = task;
  const dicts = await DatasetCatalog.get(datasetName);
  const evaluator = new COCOPanopticEvaluator({
    groundTruth: await readPanopticFile(metadata.get("panopticJson")),
    panopticRoot: metadata.get("panopticRoot"),
    thingDatasetIdToContiguousId: metadata.get("thingDatasetIdToContiguousId"),
    stuffDatasetIdToContiguousId: metadata.get("stuffDatasetIdToContiguousId"),
    ...some(metadata, "labelDivisor"),
    ...options,
  });
  const hasLabels = dicts.every(({ semSegFileName }) => semSegFileName !== undefined);
  return new DatasetEvaluators([
    ...(hasLabels ? [await semSeg(task)] : []),
    ...(metadata.has("jsonFile") ? [await coco(task)] : []),
    new RequiredOutputs(datasetName, "panopticSeg", evaluator),
  ]);
}

async function cityscapesInstance({
  datasetName,
  metadata,
  options: { log },
}: Task): Promise<DetectionEvaluator> {
  const evaluator = new CityscapesInstanceEvaluator({
    groundTruth: await cityscapesGroundTruth(metadata),
    labels: CITYSCAPES_LABELS,
    thingClasses: metadata.get("thingClasses"),
    ...(log && { log }),
  });
  return new RequiredOutputs(datasetName, "instances", evaluator);
}

async function cityscapesSemSeg({
  datasetName,
  metadata,
  options: { log },
}: Task): Promise<DetectionEvaluator> {
  const evaluator = new CityscapesSemSegEvaluator({
    groundTruth: await cityscapesGroundTruth(metadata),
    labels: CITYSCAPES_LABELS,
    ...(log && { log }),
  });
  return new RequiredOutputs(datasetName, "semSeg", evaluator);
}

/** A key of the metadata as an option, if it is set. */
function some<Key extends keyof MetadataFields>(
  metadata: Metadata,
  key: Key,
): Partial<Pick<MetadataFields, Key>> {
  const { [key]: value } = metadata.asDict();
  // TypeScript does not see that an object of one key is one of that key.
  return (value === undefined ? {} : { [key]: value }) as Partial<Pick<MetadataFields, Key>>;
}
