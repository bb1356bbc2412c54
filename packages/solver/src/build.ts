import type { Config } from "@detectron-ts/config";
import type { AnyModule } from "@detectron-ts/nn";
import { getDefaultOptimizerParams } from "./default-optimizer-params.ts";
import { SolverConfigError } from "./errors.ts";
import type { ClipGradientsOptions } from "./optimizers/clip-gradients.ts";
import { SGD } from "./optimizers/sgd.ts";
import { warmupParamScheduler, type WarmupMethod } from "./schedules/composite.ts";
import { LRMultiplier, type ScheduledOptimizer } from "./schedules/lr-multiplier.ts";
import {
  cosineParamScheduler,
  multiStepParamScheduler,
  stepWithFixedGammaParamScheduler,
  type ParamScheduler,
} from "./schedules/param-scheduler.ts";

type SolverConfig = Config["SOLVER"];

const CLIP_TYPES = ["value", "norm", "full_model"] as const;
const WARMUP_METHODS = ["linear", "constant"] as const;

/**
 * The optimizer that a config's SOLVER describes: SGD, with the parameter groups of
 * {@link getDefaultOptimizerParams}. Mirrors `detectron2.solver.build_optimizer`.
 *
 * @throws SolverConfigError when CLIP_GRADIENTS.CLIP_TYPE is unknown.
 */
export function buildOptimizer(cfg: Config, model: AnyModule): SGD {
  const solver = cfg.SOLVER;
  return new SGD({
    params: getDefaultOptimizerParams({
      model,
      baseLr: solver.BASE_LR,
      weightDecayNorm: solver.WEIGHT_DECAY_NORM,
      biasLrFactor: solver.BIAS_LR_FACTOR,
      weightDecayBias: solver.WEIGHT_DECAY_BIAS ?? undefined,
    }),
    lr: solver.BASE_LR,
    momentum: solver.MOMENTUM,
    weightDecay: solver.WEIGHT_DECAY,
    nesterov: solver.NESTEROV,
    clipGradients: clipGradients(solver),
  });
}

function clipGradients({ CLIP_GRADIENTS }: SolverConfig): ClipGradientsOptions | undefined {
  const { ENABLED, CLIP_TYPE, CLIP_VALUE, NORM_TYPE } = CLIP_GRADIENTS;
  if (!ENABLED) return undefined;
  const type = oneOf("SOLVER.CLIP_GRADIENTS.CLIP_TYPE", CLIP_TYPE, CLIP_TYPES);
  return { type, value: CLIP_VALUE, normType: NORM_TYPE };
}

/** The schedules that SOLVER.LR_SCHEDULER_NAME can name, without their warm-up. */
const SCHEDULES: ReadonlyMap<string, (solver: SolverConfig) => ParamScheduler> = new Map([
  ["WarmupMultiStepLR", multiStep],
  ["WarmupCosineLR", cosine],
  ["WarmupStepWithFixedGammaLR", stepWithFixedGamma],
]);

/**
 * The learning-rate schedule that a config's SOLVER describes. Mirrors `detectron2.solver.build_lr_scheduler`. STEPS
 * beyond MAX_ITER are left out with a warning of the process.
 *
 * @throws SolverConfigError when LR_SCHEDULER_NAME or WARMUP_METHOD is unknown, or BASE_LR_END above BASE_LR;
 *   ScheduleOptionError when STEPS do not ascend from above 0 to below MAX_ITER.
 */
export function buildLrScheduler(cfg: Config, optimizer: ScheduledOptimizer): LRMultiplier {
  const solver = cfg.SOLVER;
  const makeSchedule = SCHEDULES.get(solver.LR_SCHEDULER_NAME);
  if (makeSchedule === undefined) {
    const wanted = `one of ${[...SCHEDULES.keys()].join(", ")}`;
    throw new SolverConfigError("SOLVER.LR_SCHEDULER_NAME", solver.LR_SCHEDULER_NAME, wanted);
  }
  const warmupMethod: WarmupMethod = oneOf(
    "SOLVER.WARMUP_METHOD",
    solver.WARMUP_METHOD,
    WARMUP_METHODS,
  );
  const multiplier = warmupParamScheduler({
    scheduler: makeSchedule(solver),
    warmupFactor: solver.WARMUP_FACTOR,
    warmupLength: Math.min(solver.WARMUP_ITERS / solver.MAX_ITER, 1),
    warmupMethod,
    rescaleInterval: solver.RESCALE_INTERVAL,
  });
  return new LRMultiplier({ optimizer, multiplier, maxIter: solver.MAX_ITER });
}

function multiStep({ STEPS, MAX_ITER, GAMMA }: SolverConfig): ParamScheduler {
  const milestones = STEPS.filter((step) => step <= MAX_ITER);
  if (milestones.length < STEPS.length) {
    process.emitWarning(
      `SOLVER.STEPS (${STEPS.join(", ")}) beyond SOLVER.MAX_ITER (${MAX_ITER}) are left out`,
      "SolverWarning",
    );
  }
  const values = Array.from({ length: milestones.length + 1 }, (_, k) => GAMMA ** k);
  return multiStepParamScheduler({ values, milestones, numUpdates: MAX_ITER });
}

function cosine({ BASE_LR, BASE_LR_END }: SolverConfig): ParamScheduler {
  const endValue = BASE_LR_END / BASE_LR;
  if (!(endValue >= 0 && endValue <= 1)) {
    const wanted = `from 0 to SOLVER.BASE_LR, ${BASE_LR}`;
    throw new SolverConfigError("SOLVER.BASE_LR_END", BASE_LR_END, wanted);
  }
  return cosineParamScheduler({ startValue: 1, endValue });
}

function stepWithFixedGamma({ GAMMA, NUM_DECAYS }: SolverConfig): ParamScheduler {
  return stepWithFixedGammaParamScheduler({ baseValue: 1, gamma: GAMMA, numDecays: NUM_DECAYS });
}

function oneOf<Name extends string>(key: string, got: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === got);
  if (found === undefined) throw new SolverConfigError(key, got, `one of ${names.join(", ")}`);
  return found;
}
