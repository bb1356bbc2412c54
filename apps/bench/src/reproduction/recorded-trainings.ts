import { join } from "node:path";

import { type Config, getCfg } from "@detectron-ts/config";
import {
  DatasetCatalog,
  type DatasetDict,
  loadCocoJson,
  loadVocInstances,
  MetadataCatalog,
  registerCocoInstances,
} from "@detectron-ts/data";

/** A training that detectron2 has done and what came of it. */
export interface RecordedTraining {
  readonly name: string;
  /** Folder of its config, metrics and results. */
  readonly folder: string;
  readonly cfg: Config;
}

const BCCD_CLASSES = ["RBC", "WBC", "Platelets"];
/** Images of fruits_nuts that were kept for testing. */
const FRUITS_TEST_IDS: ReadonlySet<unknown> = new Set([3, 7, 12, 17]);

/** How each training's images are read from the folder of datasets. */
const TRAINING_SPLITS: ReadonlyMap<string, (data: string) => Promise<DatasetDict[]>> = new Map([
  ["faster_rcnn_bccd", bccdTrain],
  ["mask_rcnn_fruits", fruitsTrain],
]);

/**
 * Registers the datasets of a recorded training under the names that its config has for them.
 *
 * @param golden - folder of recorded results, with `trained/<name>` in it.
 * @param data - folder of datasets.
 */
export async function openRecordedTraining(
  name: string,
  golden: string,
  data: string,
): Promise<RecordedTraining> {
  const readTrainingSplit = TRAINING_SPLITS.get(name);
  if (readTrainingSplit === undefined) {
    throw new Error(`no training "${name}"; there are ${[...TRAINING_SPLITS.keys()].join(", ")}`);
  }
  const folder = join(golden, "trained", name);
  const cfg = getCfg();
  cfg.mergeFromFile(join(folder, "config.yaml"));
  const [trainName] = cfg.DATASETS.TRAIN;
  const [testName] = cfg.DATASETS.TEST;
  registerCocoInstances(testName, {}, join(folder, "test_annotations.json"), data);
  // Reads the classes, which those of the training split have to be.
  await DatasetCatalog.get(testName);
  DatasetCatalog.register(trainName, () => readTrainingSplit(data));
  const { thingClasses } = MetadataCatalog.get(testName).asDict();
  MetadataCatalog.get(trainName).set({ ...(thingClasses && { thingClasses }) });
  return { name, folder, cfg };
}

/** detectron2's training split left out two objects of a single pixel, which are no boxes. */
async function bccdTrain(data: string): Promise<DatasetDict[]> {
  const dicts = await loadVocInstances(join(data, "bccd"), "trainval", BCCD_CLASSES);
  return dicts.map(({ annotations = [], ...dict }) => ({
    ...dict,
    annotations: annotations.filter(({ bbox: [x0, y0, x1, y1] }) => x1 - x0 > 1 && y1 - y0 > 1),
  }));
}

async function fruitsTrain(data: string): Promise<DatasetDict[]> {
  const folder = join(data, "fruits_nuts");
  const dicts = await loadCocoJson(join(folder, "trainval.json"), join(folder, "images"), {
    datasetName: "fruits_nuts_trainval",
  });
  return dicts.filter(({ imageId }) => !FRUITS_TEST_IDS.has(imageId));
}
