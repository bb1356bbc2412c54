import type { Config } from "@detectron-ts/config";
import type { DatasetDict } from "@detectron-ts/data";
import type { DefaultTrainer } from "@detectron-ts/engine";

import { modelClasses } from "../model-classes.ts";
import { countText, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** What is going to be trained, and on what. */
export interface TrainingPlan {
  readonly trainer: Pick<DefaultTrainer, "cfg" | "model">;
  readonly trainImages: readonly DatasetDict[];
  /** By the names of the datasets. */
  readonly testImages: ReadonlyMap<string, readonly DatasetDict[]>;
}

/** Prints what a training is going to do. */
export function printTrainingPlan(plan: TrainingPlan, terminal: Terminal): void {
  const { trainer, trainImages } = plan;
  const { DATASETS, SOLVER, OUTPUT_DIR, SEED, MODEL } = trainer.cfg;
  const { IMS_PER_BATCH, MAX_ITER } = SOLVER;
  const epochs = (MAX_ITER * IMS_PER_BATCH) / Math.max(1, trainImages.length);
  const rows = [
    ["model", modelText(trainer)],
    ["weights", MODEL.WEIGHTS === "" ? "random" : MODEL.WEIGHTS],
    ["training on", `${DATASETS.TRAIN.join(", ")}: ${contents(trainImages)}`],
    ["testing on", testText(plan)],
    [
      "iterations",
      `${MAX_ITER} of ${countText(IMS_PER_BATCH, "image")}, ${epochs.toFixed(1)} times through the images`,
    ],
    ["learning rate", scheduleText(trainer.cfg)],
    ["seed", String(SEED)],
    ["output", OUTPUT_DIR],
  ];
  const { bold } = terminal.colors;
  const lines = formatTable(rows);
  for (const [i, [title]] of rows.entries()) {
    terminal.print(bold(title) + lines[i].slice(title.length));
  }
  terminal.print();
}

function modelText({ cfg, model }: TrainingPlan["trainer"]): string {
  const classes = modelClasses(cfg);
  const parameters = model.parameters();
  const trained = parameters.filter(({ requiresGrad }) => requiresGrad);
  return [
    cfg.MODEL.META_ARCHITECTURE,
    ...(classes ? [countText(classes.count, "class")] : []),
    `${millions(parameters)} parameters, ${millions(trained)} of them trained`,
  ].join(", ");
}

function millions(parameters: readonly { readonly size: number }[]): string {
  return `${(parameters.reduce((sum, { size }) => sum + size, 0) / 1e6).toFixed(2)} million`;
}

function testText({ trainer, testImages }: TrainingPlan): string {
  if (testImages.size === 0) return "nothing";
  const datasets = [...testImages].map(([name, dicts]) => `${name}: ${contents(dicts)}`);
  const { EVAL_PERIOD } = trainer.cfg.TEST;
  const when = EVAL_PERIOD > 0 ? `every ${EVAL_PERIOD} iterations and at the end` : "at the end";
  return `${datasets.join("; ")}; ${when}`;
}

function contents(dicts: readonly DatasetDict[]): string {
  const objects = dicts.reduce((sum, { annotations = [] }) => sum + annotations.length, 0);
  return `${countText(dicts.length, "image")}, ${countText(objects, "object")}`;
}

function scheduleText({ SOLVER }: Config): string {
  const { BASE_LR, GAMMA, STEPS, MAX_ITER, WARMUP_ITERS, LR_SCHEDULER_NAME } = SOLVER;
  // The schedule leaves out steps that the training doesn't reach.
  const reached = STEPS.filter((step) => step < MAX_ITER);
  const course =
    LR_SCHEDULER_NAME !== "WarmupMultiStepLR"
      ? `, ${LR_SCHEDULER_NAME}`
      : reached.length > 0
        ? `, times ${GAMMA} at ${reached.join(" and ")}`
        : "";
  const warmup = WARMUP_ITERS > 0 ? `, after a warm-up of ${WARMUP_ITERS} iterations` : "";
  return `${BASE_LR}${course}${warmup}`;
}
