import type { Config } from "@detectron-ts/config";
import { MetadataCatalog } from "@detectron-ts/data";
import {
  COCOEvaluator,
  type CocoEvaluatorOutput,
  type DatasetEvaluator,
  type EvaluationInput,
  PascalVOCDetectionEvaluator,
} from "@detectron-ts/evaluation";
import type { DetectionOutput } from "@detectron-ts/modeling";

import { UnknownEvaluatorError } from "../errors.ts";
import { cocoGroundTruth, vocGroundTruth } from "./ground-truth.ts";

/** An evaluator of what models of `@detectron-ts/modeling` yield. */
export type DetectionEvaluator = DatasetEvaluator<
  EvaluationInput,
  DetectionOutput & CocoEvaluatorOutput
>;

/** Options of {@link buildEvaluator}. */
export interface BuildEvaluatorOptions {
  /** Folder for what the evaluator saves, `coco_instances_results.json`; nothing is saved when left out. */
  readonly outputDir?: string;
  /** Receives the tables of results; nothing is printed when left out. */
  readonly log?: (message: string) => void;
}

/**
 * The evaluator that a registered dataset asks for by `evaluatorType` of its metadata: average precision by COCO's rules
 * (`coco`, also when it asks for none) or by those of Pascal VOC (`pascal_voc`). Mirrors `build_evaluator` of detectron2's
 * `tools/train_net.py`.
 *
 * @throws UnknownEvaluatorError for another type; GroundTruthError and the errors of `@detectron-ts/data` when the dataset
 *   can't be read.
 */
export async function buildEvaluator(
  cfg: Config,
  datasetName: string,
  { outputDir, log }: BuildEvaluatorOptions = {},
): Promise<DetectionEvaluator> {
  const metadata = MetadataCatalog.get(datasetName);
  const evaluatorType = metadata.has("evaluatorType") ? metadata.get("evaluatorType") : "coco";
  switch (evaluatorType) {
    case "coco": {
      // Also reads the classes of a dataset that nobody has asked for yet.
      const groundTruth = await cocoGroundTruth(datasetName);
      return new COCOEvaluator({
        groundTruth,
        kptOksSigmas: cfg.TEST.KEYPOINT_OKS_SIGMAS,
        ...(metadata.has("thingDatasetIdToContiguousId") && {
          thingDatasetIdToContiguousId: metadata.get("thingDatasetIdToContiguousId"),
        }),
        ...(outputDir !== undefined && { outputDir }),
        ...(log && { log }),
      });
    }
    case "pascal_voc":
      return new PascalVOCDetectionEvaluator({
        groundTruth: await vocGroundTruth(datasetName),
        classNames: metadata.get("thingClasses"),
        is2007: metadata.has("year") && metadata.get("year") === 2007,
        ...(log && { log }),
      });
    default:
      throw new UnknownEvaluatorError(datasetName, evaluatorType, ["coco", "pascal_voc"]);
  }
}
