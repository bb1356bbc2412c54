import {
  accumulate,
  evaluate,
  fromPolygons,
  summarize,
  type CocoAnnotation,
  type CocoDataset,
  type CocoDetection,
} from "@detectron-ts/coco";
import { Generator } from "@detectron-ts/nn";

export interface EvaluationBenchOptions {
  readonly images: number;
}

const HEIGHT = 480;
const WIDTH = 640;
const CATEGORIES = 80;
const OBJECTS_PER_IMAGE = 7;
const DETECTIONS_PER_IMAGE = 100;
const CROWD_SHARE = 0.02;
const RIGHT_CATEGORY_SHARE = 0.7;

type Box = readonly [x: number, y: number, width: number, height: number];

/** A blob of 24 corners inside a box. */
function blob([x, y, width, height]: Box, random: Generator): number[] {
  return Array.from({ length: 24 }, (_, corner) => {
    const angle = (corner / 24) * 2 * Math.PI;
    const reach = (0.8 + 0.2 * random.next()) / 2;
    return [
      x + width * (0.5 + Math.cos(angle) * reach),
      y + height * (0.5 + Math.sin(angle) * reach),
    ];
  }).flat();
}

/** Objects scattered over images, and detections that hit some of them more or less well. */
function synthesise(
  numImages: number,
  iouType: "bbox" | "segm",
): { groundTruth: CocoDataset; detections: CocoDetection[] } {
  const random = new Generator(1);
  const category = (): number => 1 + random.nextInt(CATEGORIES);
  const images = Array.from({ length: numImages }, (_, id) => ({
    id,
    height: HEIGHT,
    width: WIDTH,
  }));
  const annotations: CocoAnnotation[] = [];
  const detections: CocoDetection[] = [];
  for (const { id } of images) {
    const objects = Array.from({ length: OBJECTS_PER_IMAGE }, () => {
      const width = 10 + random.next() * 200;
      const height = 10 + random.next() * 200;
      const x = random.next() * (WIDTH - width);
      const y = random.next() * (HEIGHT - height);
      return { box: [x, y, width, height] as const, categoryId: category() };
    });
    for (const { box, categoryId } of objects) {
      annotations.push({
        id: annotations.length + 1,
        image_id: id,
        category_id: categoryId,
        bbox: box,
        area: box[2] * box[3] * 0.6,
        iscrowd: random.next() < CROWD_SHARE ? 1 : 0,
        segmentation: iouType === "segm" ? [blob(box, random)] : [],
      });
    }
    for (let i = 0; i < DETECTIONS_PER_IMAGE; i++) {
      const { box, categoryId } = objects[i % OBJECTS_PER_IMAGE];
      const error = 0.3 * random.next();
      const x = Math.max(0, box[0] + (random.next() - 0.5) * error * box[2]);
      const y = Math.max(0, box[1] + (random.next() - 0.5) * error * box[3]);
      const width = Math.min(WIDTH - x, box[2] * (1 + (random.next() - 0.5) * error));
      const height = Math.min(HEIGHT - y, box[3] * (1 + (random.next() - 0.5) * error));
      const found: Box = [x, y, width, height];
      detections.push({
        image_id: id,
        category_id: random.next() < RIGHT_CATEGORY_SHARE ? categoryId : category(),
        score: random.next(),
        ...(iouType === "bbox"
          ? { bbox: found }
          : { segmentation: fromPolygons([blob(found, random)], [HEIGHT, WIDTH])[0] }),
      });
    }
  }
  const categories = Array.from({ length: CATEGORIES }, (_, i) => ({
    id: i + 1,
    name: `${i + 1}`,
  }));
  return { groundTruth: { images, annotations, categories }, detections };
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(2);
}

/** COCO evaluation of many images with 100 detections each, for boxes and for masks. */
export function benchEvaluation({ images }: EvaluationBenchOptions): void {
  console.log(`COCO evaluation of ${images} images × ${DETECTIONS_PER_IMAGE} detections`);
  for (const iouType of ["bbox", "segm"] as const) {
    const { groundTruth, detections } = synthesise(images, iouType);
    const start = performance.now();
    const evaluation = evaluate(groundTruth, detections, { iouType });
    const evaluated = performance.now();
    const { stats } = summarize(accumulate(evaluation));
    const end = performance.now();
    console.log(
      `${iouType}: ${seconds(end - start)} s (evaluate ${seconds(evaluated - start)}, ` +
        `accumulate ${seconds(end - evaluated)}), AP ${stats[0].toFixed(3)}`,
    );
  }
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(`peak memory, data included: ${peak.toFixed(0)} MiB`);
}
