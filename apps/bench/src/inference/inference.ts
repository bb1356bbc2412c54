import { detectorPostprocess, type GeneralizedRCNN, type ModelInput } from "@detectron-ts/modeling";
import { runtime } from "@detectron-ts/runtime";
import { tensor } from "@detectron-ts/tensor";
import { calibratedMaskRcnn } from "./calibrated-model.ts";
import { median, medianStages, StageTimer, type StageTime } from "./stage-timer.ts";
import { syntheticPixels } from "./synthetic-image.ts";

export interface InferenceBenchOptions {
  readonly threads: number | undefined;
  readonly repeat: number;
  readonly memory: "fast" | "low";
}

const MAIN_SIZE = [800, 1216] as const;
const OTHER_SIZES = [
  [800, 1088],
  [672, 1216],
] as const;

function syntheticImage([height, width]: readonly [number, number]): ModelInput {
  const image = tensor(syntheticPixels(height, width), { shape: [3, height, width] });
  return { image, height, width };
}

/** One inference, part by part. */
async function timeStages(model: GeneralizedRCNN, input: ModelInput): Promise<StageTime[]> {
  const timer = new StageTimer();
  const { roiHeads } = model;
  const images = await timer.time("preprocess", () => model.preprocessImage([input]));
  const features = model.backbone(images.tensor);
  const [proposals] = await timer.time("backbone, proposals", () =>
    model.proposalGenerator(images, features),
  );
  const instances = await timer.time("box and mask heads", async () => {
    const [found] = await roiHeads(images, features, proposals);
    return found;
  });
  await timer.time("postprocess", () =>
    detectorPostprocess(instances[0], input.height!, input.width!),
  );
  return timer.stages;
}

function columns(cells: readonly (string | number)[]): string {
  return cells
    .map((cell, i) => (i === 0 ? String(cell).padEnd(22) : String(cell).padStart(10)))
    .join("");
}

function printStages(stages: readonly StageTime[]): void {
  console.log(columns(["stage", "ms", "ORT ms", "host ms", "sessions"]));
  for (const { stage, totalMs, onnxRuntimeMs, runs } of stages) {
    const times = [totalMs, onnxRuntimeMs, totalMs - onnxRuntimeMs].map((ms) => ms.toFixed(1));
    console.log(columns([stage, ...times, runs]));
  }
}

/**
 * Full-size inference: where the time goes, what a second image of another size compiles, and what the
 * whole costs over the time inside ONNX Runtime.
 */
export async function benchInference(options: InferenceBenchOptions): Promise<void> {
  const { threads, repeat, memory } = options;
  await runtime.configure({ memory, ...(threads !== undefined && { threads }) });
  const input = syntheticImage(MAIN_SIZE);
  const model = await calibratedMaskRcnn(input);
  await runtime.clear();
  runtime.resetStats();

  const [first] = await model.inference([input]);
  const cold = runtime.stats();
  console.log(
    `mask_rcnn_R_50_FPN, ${MAIN_SIZE.join("×")}, ${runtime.options.threads} threads: ` +
      `${first.instances.length} detections`,
  );
  console.log(
    `first image: ${cold.compilations} sessions compiled in ${cold.compileMs.toFixed(0)} ms, ` +
      `${(cold.bytes / 1e6).toFixed(0)} MB of models\n`,
  );
  runtime.resetStats();
  for (const size of OTHER_SIZES) await model.inference([syntheticImage(size)]);
  const recompiled = runtime.stats().compilations;
  console.log(`images of ${OTHER_SIZES.length} other sizes: ${recompiled} sessions compiled\n`);

  const staged: StageTime[][] = [];
  for (let i = 0; i < repeat; i++) staged.push(await timeStages(model, input));
  printStages(medianStages(staged));

  const totals: number[] = [];
  const ratios: number[] = [];
  for (let i = 0; i < repeat; i++) {
    runtime.resetStats();
    const start = performance.now();
    await model.inference([input]);
    const total = performance.now() - start;
    totals.push(total);
    ratios.push(total / runtime.stats().onnxRuntimeMs);
  }
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(`\nend to end: ${median(totals).toFixed(0)} ms (median of ${repeat})`);
  console.log(`end to end / ONNX Runtime: ${median(ratios).toFixed(3)}`);
  console.log(`peak memory: ${peak.toFixed(0)} MiB`);
}
