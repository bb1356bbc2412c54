import { DatasetCatalog, MetadataCatalog, TrainingSampler } from "@detectron-ts/data";
import { readImage } from "@detectron-ts/image";
import { Visualizer } from "@detectron-ts/visualizer";

import type { GroundTruthPicture } from "./ground-truth-picture.ts";

/**
 * The images of registered datasets with their annotations as the files have them: in order, one dataset after the other,
 * or shuffled by a seed.
 */
export async function annotatedPictures(
  names: readonly string[],
  seed: number | undefined,
): Promise<GroundTruthPicture[]> {
  const pictures: GroundTruthPicture[] = [];
  for (const name of names) {
    const dicts = await DatasetCatalog.get(name);
    const metadata = MetadataCatalog.get(name).asDict();
    for (const dict of dicts) {
      pictures.push({
        file: dict.fileName,
        objects: dict.annotations?.length ?? 0,
        async draw() {
          const image = await readImage(dict.fileName);
          return new Visualizer(image, { metadata }).drawDatasetDict(dict);
        },
      });
    }
  }
  if (seed === undefined || pictures.length === 0) return pictures;
  const sampler = new TrainingSampler({ size: pictures.length, seed });
  return pictures.map(() => pictures[sampler.next()]);
}
