import type { Config } from "@detectron-ts/config";
import { buildDetectionTrainLoader, type MappedInput, MetadataCatalog } from "@detectron-ts/data";
import { createTextLabels, Visualizer, type VisualizerMetadata } from "@detectron-ts/visualizer";

import type { GroundTruthPicture } from "./ground-truth-picture.ts";

/** What the training loader of a config gives, without end: images and objects after augmentation. */
export async function* augmentedPictures(cfg: Config): AsyncGenerator<GroundTruthPicture> {
  const metadata = MetadataCatalog.get(cfg.DATASETS.TRAIN[0]).asDict();
  for await (const batch of await buildDetectionTrainLoader(cfg)) {
    for (const input of batch) {
      yield {
        file: input.fileName,
        objects: input.instances?.length ?? 0,
        draw: () => drawInput(input, cfg.INPUT.FORMAT, metadata),
      };
    }
  }
}

function drawInput(
  { image, instances }: MappedInput,
  format: string,
  metadata: VisualizerMetadata,
): Visualizer {
  const channelsLast = image.transpose(1, 2, 0);
  const rgb = format === "BGR" ? channelsLast.step(1, 1, -1) : channelsLast;
  const visualizer = new Visualizer(rgb, { metadata });
  if (instances === undefined) return visualizer;
  const { gtBoxes, gtClasses, gtMasks, gtKeypoints } = instances.fields();
  return visualizer.overlayInstances({
    boxes: gtBoxes,
    masks: gtMasks,
    keypoints: gtKeypoints,
    labels: createTextLabels([...gtClasses], undefined, metadata.thingClasses),
  });
}
