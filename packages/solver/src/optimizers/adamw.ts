import type { Parameter } from "@detectron-ts/nn";
import { OptimizerOptionError, SolverStateError } from "../errors.ts";
import { readList, readNumber, readTensor, type StateTensor, type StateValue } from "../state.ts";
import { Optimizer, type Named, type OptimizerOptions } from "./optimizer.ts";
import type { Hyperparameters, ParamGroup } from "./param-groups.ts";

/** What AdamW can be told for each group of parameters. */
export interface AdamWHyperparameters extends Hyperparameters {
  /** Decay rates of the running means of gradients and of their squares. */
  betas: readonly [number, number];
  /** Added to the denominator. */
  eps: number;
}

/** Options of {@link AdamW}, with PyTorch's defaults. */
export interface AdamWOptions extends OptimizerOptions<AdamWHyperparameters> {
  /** Learning rate; 0.001 when left out. */
  readonly lr?: number;
  /** [0.9, 0.999] when left out. */
  readonly betas?: readonly [number, number];
  /** 1e-8 when left out. */
  readonly eps?: number;
  /** 0.01 when left out. */
  readonly weightDecay?: number;
}

/** What AdamW remembers of a parameter. */
interface Moments {
  step: number;
  readonly expAvg: Float32Array;
  readonly expAvgSq: Float32Array;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101), as `torch.optim.AdamW` defines it:
 *
 *     p ← p · (1 - lr · weightDecay)
 *     m ← β₁ · m + (1 - β₁) · g
 *     v ← β₂ · v + (1 - β₂) · g²
 *     p ← p - lr/(1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + eps)      (t = 1 at the first step)
 *
 * All is float32, and each line is rounded where PyTorch rounds it.
 */
export class AdamW extends Optimizer<AdamWHyperparameters, Moments> {
  constructor(options: AdamWOptions) {
    const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 1e-2 } = options;
    super(options, { lr, betas, eps, weightDecay });
  }

  protected override checkGroup(group: ParamGroup<AdamWHyperparameters>): void {
    super.checkGroup(group);
    this.requireAtLeastZero("eps", group.eps);
    if (!group.betas.every((beta) => beta >= 0 && beta < 1)) {
      const detail = `have to be in [0, 1), got ${group.betas.join(", ")}`;
      throw new OptimizerOptionError("AdamW", "betas", detail);
    }
  }

  protected override updateParameter(
    parameter: Parameter,
    gradient: Float32Array,
    group: ParamGroup<AdamWHyperparameters>,
  ): void {
    const { length } = gradient;
    const moments = this.state.get(parameter) ?? {
      step: 0,
      expAvg: new Float32Array(length),
      expAvgSq: new Float32Array(length),
    };
    this.state.set(parameter, moments);
    moments.step += 1;
    parameter.update((values) => adamwUpdate(values as Float32Array, gradient, moments, group));
  }

  protected override saveGroup(group: ParamGroup<AdamWHyperparameters>): Named<StateValue> {
    return [
      ["lr", group.lr],
      ["betas", [...group.betas]],
      ["eps", group.eps],
      ["weight_decay", group.weightDecay],
      ["amsgrad", false],
      ["foreach", null],
      ["maximize", false],
      ["capturable", false],
    ];
  }

  protected override loadGroup(
    saved: ReadonlyMap<unknown, unknown>,
    path: string,
  ): Omit<AdamWHyperparameters, keyof Hyperparameters> {
    for (const option of ["amsgrad", "maximize"]) {
      if (saved.get(option) === true) {
        throw new SolverStateError(`${path}.${option}`, "has to be false: AdamW here has it not");
      }
    }
    const betas = readList(saved.get("betas"), `${path}.betas`);
    return {
      betas: [readNumber(betas[0], `${path}.betas.0`), readNumber(betas[1], `${path}.betas.1`)],
      eps: readNumber(saved.get("eps"), `${path}.eps`),
    };
  }

  protected override saveState(
    { step, expAvg, expAvgSq }: Moments,
    { shape }: Parameter,
  ): Named<StateTensor> {
    return [
      ["step", { shape: [], dtype: "float32", data: Float32Array.of(step) }],
      ["exp_avg", { shape, dtype: "float32", data: expAvg }],
      ["exp_avg_sq", { shape, dtype: "float32", data: expAvgSq }],
    ];
  }

  protected override async loadState(
    saved: ReadonlyMap<unknown, unknown>,
    { shape }: Parameter,
    path: string,
  ): Promise<Moments> {
    // PyTorch saved the step as an integer before it saved it as a tensor.
    const step = saved.get("step");
    const steps = typeof step === "number" ? step : (await readTensor(step, [], `${path}.step`))[0];
    return {
      step: steps,
      expAvg: await readTensor(saved.get("exp_avg"), shape, `${path}.exp_avg`),
      expAvgSq: await readTensor(saved.get("exp_avg_sq"), shape, `${path}.exp_avg_sq`),
    };
  }
}

/** One step of one parameter in a single pass. */
function adamwUpdate(
  values: Float32Array,
  gradient: Float32Array,
  { step, expAvg, expAvgSq }: Moments,
  { lr, betas: [beta1, beta2], eps, weightDecay }: AdamWHyperparameters,
): void {
  const fround = Math.fround;
  const keep1 = fround(beta1);
  const keep2 = fround(beta2);
  const take1 = fround(1 - beta1);
  const take2 = fround(1 - beta2);
  const shrink = fround(1 - lr * weightDecay);
  const stepSize = fround(lr / (1 - beta1 ** step));
  const correction = fround(Math.sqrt(1 - beta2 ** step));
  const epsilon = fround(eps);
  for (let i = 0; i < values.length; i++) {
    const g = gradient[i];
    const m = fround(fround(keep1 * expAvg[i]) + take1 * g);
    const v = fround(fround(keep2 * expAvgSq[i]) + fround(fround(take2 * g) * g));
    expAvg[i] = m;
    expAvgSq[i] = v;
    const denominator = fround(fround(fround(Math.sqrt(v)) / correction) + epsilon);
    values[i] = fround(values[i] * shrink) - fround(fround(stepSize * m) / denominator);
  }
}
