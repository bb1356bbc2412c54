import { join } from "node:path";
import { configure } from "@detectron-ts/config";
import { type DatasetDict, DatasetMapper, MetadataCatalog } from "@detectron-ts/data";
import type { DefaultTrainer, ModelOutputs } from "@detectron-ts/engine";
import { encodeImage, readImage } from "@detectron-ts/image";
import { readTrainingRun, type SampleImage, writeTrainingReport } from "@detectron-ts/report";
import { isNdArray, rowMajorData } from "@detectron-ts/structures";
import { Visualizer } from "@detectron-ts/visualizer";

/** Pictures of predictions in a report. */
const NUM_SAMPLES = 4;

/** Score from which an object is drawn. */
const CONFIDENCE_THRESHOLD = 0.5;

/**
 * Writes the report of a training, with what the model finds in a few of the test images, to `report.html` of OUTPUT_DIR.
 *
 * @param testImages - by the names of the datasets.
 * @returns the path.
 */
export async function writeReport(
  { cfg, model }: Pick<DefaultTrainer, "cfg" | "model">,
  testImages: ReadonlyMap<string, readonly DatasetDict[]>,
): Promise<string> {
  const path = join(cfg.OUTPUT_DIR, "report.html");
  const { training } = model;
  model.train(false);
  try {
    const mapper = configure(DatasetMapper, [cfg, false]);
    const samples: SampleImage[] = [];
    for (const { name, dict } of chooseSamples(testImages)) {
      const [{ instances }] = await model.inference([await mapper.map(dict)]);
      samples.push(await drawSample(name, dict, instances));
    }
    await writeTrainingReport(path, { runs: [await readTrainingRun(cfg.OUTPUT_DIR)], samples });
  } finally {
    model.train(training);
  }
  return path;
}

/** A few images, spread evenly over all. */
function chooseSamples(testImages: ReadonlyMap<string, readonly DatasetDict[]>) {
  const all = [...testImages].flatMap(([name, dicts]) => dicts.map((dict) => ({ name, dict })));
  const step = Math.max(1, all.length / NUM_SAMPLES);
  const count = Math.min(NUM_SAMPLES, all.length);
  return Array.from({ length: count }, (_, i) => all[Math.floor(i * step)]);
}

async function drawSample(
  dataset: string,
  { fileName }: DatasetDict,
  instances: ModelOutputs["instances"] | undefined,
): Promise<SampleImage> {
  const metadata = MetadataCatalog.get(dataset).asDict();
  const visualizer = new Visualizer(await readImage(fileName), { metadata });
  if (instances !== undefined) {
    const { scores } = instances.fields();
    const scoreOf = isNdArray(scores) ? rowMajorData(scores) : scores;
    const confident = [...scoreOf.keys()].filter((row) => scoreOf[row] >= CONFIDENCE_THRESHOLD);
    visualizer.drawInstancePredictions(instances.select(Int32Array.from(confident)).fields());
  }
  return { image: await encodeImage(visualizer.getImage(), "jpeg"), caption: fileName };
}
