import type { Parameter } from "@detectron-ts/nn";
import { OptimizerOptionError, SolverStateError } from "../errors.ts";
import {
  readBoolean,
  readNumber,
  readTensor,
  type StateTensor,
  type StateValue,
} from "../state.ts";
import { Optimizer, type Named, type OptimizerOptions } from "./optimizer.ts";
import type { Hyperparameters, ParamGroup } from "./param-groups.ts";

/** What SGD can be told for each group of parameters. */
export interface SGDHyperparameters extends Hyperparameters {
  momentum: number;
  nesterov: boolean;
}

/** Options of {@link SGD}. */
export interface SGDOptions extends OptimizerOptions<SGDHyperparameters> {
  /** Learning rate. */
  readonly lr: number;
  /** 0 when left out. */
  readonly momentum?: number;
  /** L2 penalty; 0 when left out. */
  readonly weightDecay?: number;
  /** Whether to step ahead by Nesterov's rule; false when left out. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent with momentum, as `torch.optim.SGD` defines it:
 *
 *     g ← g + weightDecay · p
 *     v ← momentum · v + g          (v is g at the first step)
 *     p ← p - lr · v                (Nesterov: p - lr · (g + momentum · v))
 *
 * The learning rate multiplies after the momentum, unlike in Sutskever et al.; a change of it acts at once. All is
 * float32, and each line is rounded where PyTorch rounds it.
 *
 * @example
 * const optimizer = new SGD({ params: model.parameters(), lr: 0.02, momentum: 0.9 });
 */
export class SGD extends Optimizer<SGDHyperparameters, Float32Array> {
  constructor(options: SGDOptions) {
    const { lr, momentum = 0, weightDecay = 0, nesterov = false } = options;
    super(options, { lr, momentum, weightDecay, nesterov });
  }

  protected override checkGroup(group: ParamGroup<SGDHyperparameters>): void {
    super.checkGroup(group);
    this.requireAtLeastZero("momentum", group.momentum);
    if (group.nesterov && group.momentum === 0) {
      throw new OptimizerOptionError("SGD", "nesterov", "needs a momentum > 0");
    }
  }

  protected override updateParameter(
    parameter: Parameter,
    gradient: Float32Array,
    group: ParamGroup<SGDHyperparameters>,
  ): void {
    if (group.momentum === 0) {
      parameter.update((values) => plainUpdate(values as Float32Array, gradient, group));
      return;
    }
    // From zeros, the first step makes it the gradient.
    const velocity = this.state.get(parameter) ?? new Float32Array(gradient.length);
    this.state.set(parameter, velocity);
    const update = group.nesterov ? nesterovUpdate : momentumUpdate;
    parameter.update((values) => update(values as Float32Array, gradient, velocity, group));
  }

  protected override saveGroup(group: ParamGroup<SGDHyperparameters>): Named<StateValue> {
    return [
      ["lr", group.lr],
      ["momentum", group.momentum],
      ["dampening", 0],
      ["weight_decay", group.weightDecay],
      ["nesterov", group.nesterov],
      ["maximize", false],
      ["foreach", null],
      ["differentiable", false],
    ];
  }

  protected override loadGroup(
    saved: ReadonlyMap<unknown, unknown>,
    path: string,
  ): Omit<SGDHyperparameters, keyof Hyperparameters> {
    if (readNumber(saved.get("dampening") ?? 0, `${path}.dampening`) !== 0) {
      throw new SolverStateError(`${path}.dampening`, "has to be 0: SGD here has none");
    }
    if (saved.get("maximize") === true) {
      throw new SolverStateError(`${path}.maximize`, "has to be false: SGD here descends");
    }
    return {
      momentum: readNumber(saved.get("momentum"), `${path}.momentum`),
      nesterov: readBoolean(saved.get("nesterov"), `${path}.nesterov`),
    };
  }

  protected override saveState(velocity: Float32Array, { shape }: Parameter): Named<StateTensor> {
    return [["momentum_buffer", { shape, dtype: "float32", data: velocity }]];
  }

  protected override async loadState(
    saved: ReadonlyMap<unknown, unknown>,
    { shape }: Parameter,
    path: string,
  ): Promise<Float32Array | undefined> {
    // PyTorch saves None for parameters without momentum.
    const velocity = saved.get("momentum_buffer") ?? undefined;
    if (velocity === undefined) return undefined;
    return readTensor(velocity, shape, `${path}.momentum_buffer`);
  }
}

// One step of one parameter in a single pass. PyTorch's `a + s·b` is a fused multiply-add with `s` in float32: a product of
// two float32 numbers is exact in double precision, so adding in double and rounding once is the same. There is a loop for
// each rule, as the compiler does not take a choice out of a loop, and makes twice the time of it.

function plainUpdate(
  values: Float32Array,
  gradient: Float32Array,
  { lr, weightDecay }: SGDHyperparameters,
): void {
  const fround = Math.fround;
  const rate = fround(lr);
  const decay = fround(weightDecay);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    values[i] = value - rate * fround(gradient[i] + decay * value);
  }
}

function momentumUpdate(
  values: Float32Array,
  gradient: Float32Array,
  velocity: Float32Array,
  { lr, momentum, weightDecay }: SGDHyperparameters,
): void {
  const fround = Math.fround;
  const rate = fround(lr);
  const decay = fround(weightDecay);
  const inertia = fround(momentum);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const v = fround(fround(inertia * velocity[i]) + fround(gradient[i] + decay * value));
    velocity[i] = v;
    values[i] = value - rate * v;
  }
}

function nesterovUpdate(
  values: Float32Array,
  gradient: Float32Array,
  velocity: Float32Array,
  { lr, momentum, weightDecay }: SGDHyperparameters,
): void {
  const fround = Math.fround;
  const rate = fround(lr);
  const decay = fround(weightDecay);
  const inertia = fround(momentum);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const g = fround(gradient[i] + decay * value);
    const v = fround(fround(inertia * velocity[i]) + g);
    velocity[i] = v;
    values[i] = value - rate * fround(g + inertia * v);
  }
}
