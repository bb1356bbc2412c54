import { writeFile } from "node:fs/promises";
import type { GeneralizedRCNN, ModelInput } from "@detectron-ts/modeling";
import { StandardRPNHead } from "@detectron-ts/proposal-generator";
import { runtime } from "@detectron-ts/runtime";
import { buildOptimizer } from "@detectron-ts/solver";
import { realize, tensor } from "@detectron-ts/tensor";
import { calibratedMaskRcnn, maskRcnnConfig } from "./inference/calibrated-model.ts";
import { median } from "./inference/stage-timer.ts";
import { syntheticPixels } from "./inference/synthetic-image.ts";
import { inTemporaryFolder } from "./temporary-folder.ts";
import { medianStep, processorTime, TimedTraining, type StepTime } from "./timed-training.ts";
import { trainingLoader } from "./training-data.ts";

export interface TrainingBenchOptions {
  readonly threads: number | undefined;
  /** Steps of each kind that are measured; the medians are printed. */
  readonly steps: number;
  /** A file to write the numbers to. */
  readonly json: string | undefined;
}

const HEIGHT = 480;
const WIDTH = 640;
const INSTANCES = 12;
const WARM_UP_STEPS = 3;

/** Such a step of detectron2 on PyTorch 1.13, on two quiet cores. Its forward pass has matching and sampling in it. */
const REFERENCE = { forward: 1130, backward: 2550, optimizer: 40, total: 3750, peakMiB: 1500 };
/**
 * Backbone and RPN at inference on a machine of that kind, by ONNX Runtime as it is used here, for an image of 800×1216;
 * PyTorch 1.13 took 2650 ms there. In units of this forward pass, steps on other machines compare to the reference.
 */
const REFERENCE_INFERENCE = { onnxRuntime: 1910, pixels: 800 * 1216 };
const STEP_BAR = 1.3;
const PEAK_BAR_MIB = 2.3 * 1024;

/** What a run has measured; times in milliseconds. */
interface Measured {
  readonly threads: number;
  /** Regions that the box head trains on, and those of them that the mask head trains on. */
  readonly regions: { readonly all: number; readonly foreground: number };
  readonly peakMiB: number;
  /** Sessions compiled after the steps of warm-up. */
  readonly compilations: number;
  readonly steps: readonly StepTime[];
  /** Steps whose forward and backward pass ran one after the other. */
  readonly stepsApart: readonly StepTime[];
  readonly inference: readonly InferenceTime[];
}

/** Milliseconds of backbone and RPN head at inference, by the clock and of the processor. */
interface InferenceTime {
  readonly total: number;
  readonly processor: number;
}

async function timeInference(model: GeneralizedRCNN, input: ModelInput): Promise<InferenceTime> {
  const rpnHead = model.getSubmodule("proposal_generator.rpn_head", StandardRPNHead);
  const features = model.backbone(model.preprocessImage([input]).tensor);
  const predictions = rpnHead(Object.values(features)).flat();
  const start = { time: performance.now(), processor: processorTime() };
  await realize(...predictions, ...Object.values(features));
  return {
    total: performance.now() - start.time,
    processor: processorTime() - start.processor,
  };
}

async function measure(steps: number, folder: string): Promise<Measured> {
  const cfg = maskRcnnConfig();
  const overrides = {
    "INPUT.MIN_SIZE_TRAIN": [HEIGHT],
    "INPUT.MAX_SIZE_TRAIN": WIDTH,
    "SOLVER.IMS_PER_BATCH": 1,
    // Random weights: a larger step might diverge.
    "SOLVER.BASE_LR": 1e-6,
    SEED: 1,
  };
  cfg.mergeFromList(Object.entries(overrides).flat());
  const pixels = tensor(syntheticPixels(HEIGHT, WIDTH), { shape: [3, HEIGHT, WIDTH] });
  const input = { image: pixels, height: HEIGHT, width: WIDTH };

  const model = (await calibratedMaskRcnn(input, cfg)).train();
  await runtime.clear();
  const regions = { all: 0, foreground: 0 };
  model.roiHeads.boxHead.registerForwardPreHook((_head, [features]) => {
    regions.all = features.shape[0];
  });
  model.roiHeads.maskHead.registerForwardPreHook((_head, [features]) => {
    regions.foreground = features.shape[0];
  });
  const loader = await trainingLoader(cfg, {
    folder,
    height: HEIGHT,
    width: WIDTH,
    instances: INSTANCES,
  });
  const training = new TimedTraining(model, loader, buildOptimizer(cfg, model));
  await training.run(WARM_UP_STEPS);
  runtime.resetStats();
  const measured = [...(await training.run(steps))];
  const { compilations } = runtime.stats();
  // Before anything else takes memory that training does not.
  const peakMiB = process.resourceUsage().maxRSS / 1024;

  training.apart = true;
  await training.run(1);
  const inferenceModel = await calibratedMaskRcnn(input, cfg);
  await timeInference(inferenceModel, input);
  const stepsApart: StepTime[] = [];
  const inference: InferenceTime[] = [];
  for (let i = 0; i < steps; i++) {
    inference.push(await timeInference(inferenceModel, input));
    training.apart = true;
    stepsApart.push(...(await training.run(1)));
    training.apart = false;
    measured.push(...(await training.run(1)));
  }
  return {
    threads: runtime.options.threads,
    regions,
    peakMiB,
    compilations,
    steps: measured,
    stepsApart,
    inference,
  };
}

function row(name: string, ms: number, reference?: number): string {
  const times = [ms.toFixed(0), reference?.toFixed(0) ?? ""].map((cell) => cell.padStart(12));
  return name.padEnd(22) + times.join("");
}

function print({ threads, regions, peakMiB, compilations, ...times }: Measured): void {
  const step = medianStep(times.steps);
  const parts = medianStep(times.stepsApart);
  console.log(
    `training mask_rcnn_R_50_FPN, one image of ${HEIGHT}×${WIDTH}, ${INSTANCES} instances, ${threads} threads;\n` +
      `the box head trains on ${regions.all} regions, the mask head on ${regions.foreground}\n`,
  );
  console.log(`${"ms, medians".padEnd(22)}${"here".padStart(12)}${"reference".padStart(12)}`);
  console.log(row("data", parts.data));
  console.log(row("host", parts.host));
  console.log(row("forward", parts.forward, REFERENCE.forward));
  console.log(row("backward", parts.backward, REFERENCE.backward));
  console.log(row("optimizer", parts.optimizer, REFERENCE.optimizer));
  console.log(row("step, passes apart", parts.total));
  console.log(row("step", step.total, REFERENCE.total));
  console.log(row("step, processor", step.processor));

  const inference = {
    total: median(times.inference.map((each) => each.total)),
    processor: median(times.inference.map((each) => each.processor)),
  };
  const referenceInference =
    (REFERENCE_INFERENCE.onnxRuntime * HEIGHT * WIDTH) / REFERENCE_INFERENCE.pixels;
  const referenceRatio = REFERENCE.total / referenceInference;
  console.log(row("inference forward", inference.total, referenceInference));
  console.log(row("  of the processor", inference.processor));

  const byClock = step.total / inference.total;
  const byProcessor = step.processor / inference.processor;
  console.log(
    `\nstep / inference forward: ${byClock.toFixed(2)} (of the processor ${byProcessor.toFixed(2)}); ` +
      `reference: ${referenceRatio.toFixed(2)}`,
  );
  console.log(
    `step / reference, by these: ${(byClock / referenceRatio).toFixed(2)} (bar ${STEP_BAR})`,
  );
  console.log(
    `step / reference, by the clock: ${(step.total / REFERENCE.total).toFixed(2)}, ` +
      "to be judged on a machine of the same kind only",
  );
  console.log(`sessions compiled after ${WARM_UP_STEPS} steps: ${compilations} (bar 0)`);
  console.log(
    `peak memory: ${peakMiB.toFixed(0)} MiB (bar ${PEAK_BAR_MIB.toFixed(0)}, ` +
      `reference ${REFERENCE.peakMiB})`,
  );
}

/** Full-size training through the usual trainer: where a step's time goes, what it compiles, the peak of memory. */
export async function benchTraining({ threads, steps, json }: TrainingBenchOptions): Promise<void> {
  if (threads !== undefined) await runtime.configure({ threads });
  const measured = await inTemporaryFolder((folder) => measure(steps, folder));
  print(measured);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(measured, undefined, 2)}\n`);
}
