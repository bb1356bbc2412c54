import { DatasetCatalog, MetadataCatalog } from "@detectron-ts/data";
import { DefaultPredictor, type PredictorModel } from "@detectron-ts/engine";
import { readImage, writeImage } from "@detectron-ts/image";
import type { PanopticOutput } from "@detectron-ts/modeling";
import { ResizeShortestEdge } from "@detectron-ts/transforms";
import { Visualizer } from "@detectron-ts/visualizer";
import ndarray, { type NdArray } from "ndarray";

import { SCENE_SIZE } from "./scene.ts";

/** What any of the models yields. */
type Output = Partial<PanopticOutput>;

/** A model whose findings can be drawn. */
export type DrawnModel = PredictorModel<Output>;

const PICTURES = 4;
const SCALE = 2;

/** Instances from this score on are drawn. */
const THRESHOLD = 0.5;

/** Draws what a model finds in the first scenes of a dataset, side by side. */
export async function drawFamily(
  path: string,
  model: DrawnModel,
  datasetName: string,
): Promise<void> {
  const resize = new ResizeShortestEdge({ shortEdgeLength: SCENE_SIZE, maxSize: 2 * SCENE_SIZE });
  const predictor = new DefaultPredictor<Output>({ model, resize });
  const metadata = MetadataCatalog.get(datasetName).asDict();
  const dicts = (await DatasetCatalog.get(datasetName)).slice(0, PICTURES);
  const pictures: NdArray<Uint8Array>[] = [];
  for (const { fileName } of dicts) {
    const image = await readImage(fileName, { format: "BGR" });
    const output = await predictor.predict(image);
    const visualizer = new Visualizer(image.step(1, 1, -1), {
      metadata,
      scale: SCALE,
      colorMode: "segmentation",
    });
    pictures.push((await draw(visualizer, output)).getImage());
  }
  await writeImage(path, sideBySide(pictures));
}

async function draw(visualizer: Visualizer, output: Output): Promise<Visualizer> {
  const { instances, semSeg, panopticSeg } = output;
  if (panopticSeg !== undefined) return visualizer.drawPanopticSeg(panopticSeg);
  if (semSeg !== undefined) return visualizer.drawSemSeg(await semSeg.argmax());
  if (instances === undefined) return visualizer;
  const scores = instances.get("scores");
  const rows = Array.from({ length: instances.length }, (_, i) => i);
  const confident = rows.filter((i) => scores.get(i) >= THRESHOLD);
  return visualizer.drawInstancePredictions(instances.select(confident).fields());
}

function sideBySide(pictures: readonly NdArray<Uint8Array>[]): NdArray<Uint8Array> {
  const [height, width] = pictures[0].shape;
  const whole = ndarray(new Uint8Array(3 * height * width * pictures.length), [
    height,
    width * pictures.length,
    3,
  ]);
  const rowBytes = 3 * width;
  for (const [i, picture] of pictures.entries()) {
    for (let y = 0; y < height; y++) {
      const row = picture.data.subarray(y * rowBytes, (y + 1) * rowBytes);
      whole.data.set(row, (y * pictures.length + i) * rowBytes);
    }
  }
  return whole;
}
