import { Parameter } from "@detectron-ts/nn";
import { OptimizerOptionError, SolverStateError } from "../errors.ts";
import {
  readInteger,
  readList,
  readMap,
  readNumber,
  type StateTensor,
  type StateValue,
} from "../state.ts";
import { bounded, gradientBounds, type ClipGradientsOptions } from "./clip-gradients.ts";
import type { Hyperparameters, ParamGroup, ParamGroupOptions } from "./param-groups.ts";

/** Options that all optimizers have. */
export interface OptimizerOptions<H extends Hyperparameters> {
  /** What to train: parameters, or groups of them with hyperparameters of their own. */
  readonly params: Iterable<Parameter> | Iterable<ParamGroupOptions<H>>;
  /** How gradients are clipped before each step; not at all when left out. */
  readonly clipGradients?: ClipGradientsOptions;
}

/** A group's hyperparameters, or a parameter's state, by PyTorch's names. */
export type Named<Value> = readonly (readonly [name: string, value: Value])[];

/**
 * Options of PyTorch's about how, not what, it computes. They mean nothing here, but a group that was loaded with
 * them is saved with them.
 */
const EXECUTION_OPTIONS = ["foreach", "fused", "capturable", "differentiable"];

/** A parameter with its gradient, as one step sees them. */
interface Trained<H extends Hyperparameters> {
  readonly parameter: Parameter;
  readonly gradient: Float32Array;
  readonly group: ParamGroup<H>;
}

/**
 * Changes parameters by their gradients. Subclasses say what one parameter's step is, and how hyperparameters and
 * state are saved; state dicts have the layout of `torch.optim.Optimizer`.
 */
export abstract class Optimizer<H extends Hyperparameters, State> {
  /** The parameters and their hyperparameters, which take effect at the next step when changed. */
  readonly paramGroups: readonly ParamGroup<H>[];
  /** What is remembered of each parameter; of none before its first step. */
  protected readonly state = new Map<Parameter, State>();
  readonly #clipGradients: ClipGradientsOptions | undefined;
  /** What each group was loaded with of {@link EXECUTION_OPTIONS}. */
  #executionOptions: readonly Named<boolean>[] = [];

  /**
   * @param defaults Hyperparameters of groups that have none of their own.
   * @throws OptimizerOptionError when there are no parameters, one is there twice, is not float32, or a
   *   hyperparameter is out of its range.
   */
  constructor({ params, clipGradients }: OptimizerOptions<H>, defaults: H) {
    this.#clipGradients = clipGradients;
    this.paramGroups = asGroups(params).map(({ members, options }) => ({
      ...defaults,
      ...options,
      params: members,
    }));
    this.#checkParameters();
    for (const group of this.paramGroups) this.checkGroup(group);
  }

  /**
   * Updates one parameter in place and remembers what its next step needs.
   *
   * @param gradient Clipped; not to be written to.
   */
  protected abstract updateParameter(
    parameter: Parameter,
    gradient: Float32Array,
    group: ParamGroup<H>,
  ): void;

  /** Throws when a hyperparameter is out of its range. */
  protected checkGroup(group: ParamGroup<H>): void {
    this.requireAtLeastZero("lr", group.lr);
    this.requireAtLeastZero("weightDecay", group.weightDecay);
  }

  /** A group's hyperparameters for saving, in PyTorch's names and order; without `initial_lr` and `params`. */
  protected abstract saveGroup(group: ParamGroup<H>): Named<StateValue>;
  /** The hyperparameters in a saved group, other than `lr`, `weight_decay` and `initial_lr`. */
  protected abstract loadGroup(
    saved: ReadonlyMap<unknown, unknown>,
    path: string,
  ): Omit<H, keyof Hyperparameters>;
  /** A parameter's state for saving. */
  protected abstract saveState(state: State, parameter: Parameter): Named<StateTensor>;
  /** A parameter's state as saved; undefined when nothing is remembered. */
  protected abstract loadState(
    saved: ReadonlyMap<unknown, unknown>,
    parameter: Parameter,
    path: string,
  ): Promise<State | undefined>;

  protected requireAtLeastZero(option: string, value: number): void {
    if (!(value >= 0)) {
      throw new OptimizerOptionError(this.constructor.name, option, `has to be ≥ 0, got ${value}`);
    }
  }

  /** Updates every parameter that has a gradient. Gradients stay; see {@link zeroGrad}. */
  step(): void {
    const trained = this.#trained();
    const bounds =
      this.#clipGradients &&
      gradientBounds(
        trained.map(({ gradient }) => gradient),
        this.#clipGradients,
      );
    for (const [i, { parameter, gradient, group }] of trained.entries()) {
      const bound = bounds?.[i];
      this.updateParameter(parameter, bound ? bounded(gradient, bound) : gradient, group);
    }
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const { params } of this.paramGroups) for (const each of params) each.grad = null;
  }

  /**
   * The state as PyTorch saves it: `state`, by the parameters' positions in all groups, and `param_groups`, with
   * these positions for `params`. Tensors are live and not copied.
   */
  stateDict(): Map<string, StateValue> {
    const state = new Map<number, StateValue>();
    let next = 0;
    const groups = this.paramGroups.map((group, i) => {
      const positions = group.params.map((parameter) => {
        const remembered = this.state.get(parameter);
        if (remembered !== undefined) {
          state.set(next, new Map<string, StateValue>(this.saveState(remembered, parameter)));
        }
        return next++;
      });
      const saved = new Map<string, StateValue>(this.saveGroup(group));
      for (const [option, value] of this.#executionOptions[i] ?? []) saved.set(option, value);
      if (group.initialLr !== undefined) saved.set("initial_lr", group.initialLr);
      return saved.set("params", positions);
    });
    return new Map<string, StateValue>([
      ["state", state],
      ["param_groups", groups],
    ]);
  }

  /**
   * Takes hyperparameters and state from a state dict: this optimizer's, or what a checkpoint of PyTorch or
   * detectron2 holds, as it is read. Parameters are matched by their order.
   *
   * @throws SolverStateError when it is none, or groups or shapes do not fit; then nothing changes.
   */
  async loadStateDict(stateDict: unknown): Promise<void> {
    const root = readMap(stateDict, "optimizer");
    const savedGroups = readList(root.get("param_groups"), "param_groups");
    if (savedGroups.length !== this.paramGroups.length) {
      const detail = `has ${savedGroups.length} groups, wanted ${this.paramGroups.length}`;
      throw new SolverStateError("param_groups", detail);
    }
    const parameters = new Map<unknown, Parameter>();
    const executionOptions: Named<boolean>[] = [];
    const hyperparameters = this.paramGroups.map((group, i) => {
      const path = `param_groups.${i}`;
      const saved = readMap(savedGroups[i], path);
      const positions = readList(saved.get("params"), `${path}.params`);
      if (positions.length !== group.params.length) {
        const detail = `has ${positions.length} parameters, wanted ${group.params.length}`;
        throw new SolverStateError(`${path}.params`, detail);
      }
      for (const [j, position] of positions.entries()) {
        parameters.set(readInteger(position, `${path}.params.${j}`), group.params[j]);
      }
      executionOptions.push(
        EXECUTION_OPTIONS.flatMap((option) => {
          const value = saved.get(option);
          return typeof value === "boolean" ? [[option, value] as const] : [];
        }),
      );
      return this.#loadGroup(saved, path);
    });

    const states: [Parameter, State][] = [];
    for (const [key, saved] of readMap(root.get("state"), "state")) {
      const position = readInteger(key, "state");
      const parameter = parameters.get(position);
      if (parameter === undefined) {
        throw new SolverStateError(`state.${position}`, "is of a parameter that is in no group");
      }
      const path = `state.${position}`;
      const state = await this.loadState(readMap(saved, path), parameter, path);
      if (state !== undefined) states.push([parameter, state]);
    }

    for (const [i, group] of this.paramGroups.entries()) Object.assign(group, hyperparameters[i]);
    this.#executionOptions = executionOptions;
    this.state.clear();
    for (const [parameter, state] of states) this.state.set(parameter, state);
  }

  #loadGroup(saved: ReadonlyMap<unknown, unknown>, path: string): object {
    const initialLr = saved.get("initial_lr");
    return {
      lr: readNumber(saved.get("lr"), `${path}.lr`),
      weightDecay: readNumber(saved.get("weight_decay"), `${path}.weight_decay`),
      initialLr: initialLr === undefined ? undefined : readNumber(initialLr, `${path}.initial_lr`),
      ...this.loadGroup(saved, path),
    };
  }

  #trained(): Trained<H>[] {
    return this.paramGroups.flatMap((group) =>
      group.params.flatMap((parameter) => {
        const gradient = parameter.grad?.dataSync();
        return gradient instanceof Float32Array ? [{ parameter, gradient, group }] : [];
      }),
    );
  }

  #checkParameters(): void {
    const parameters = this.paramGroups.flatMap(({ params }) => params);
    const fail = (detail: string): never => {
      throw new OptimizerOptionError(this.constructor.name, "params", detail);
    };
    if (parameters.length === 0) fail("have to be one or more");
    if (new Set(parameters).size < parameters.length) fail("name a parameter twice");
    for (const { dtype } of parameters) {
      if (dtype !== "float32") fail(`have to be float32, got ${dtype}`);
    }
  }
}

/** The groups asked for; parameters by themselves make one. */
function asGroups<H extends Hyperparameters>(
  params: Iterable<Parameter> | Iterable<ParamGroupOptions<H>>,
): { readonly members: readonly Parameter[]; readonly options?: ParamGroupOptions<H> }[] {
  const alone: Parameter[] = [];
  const groups: { members: readonly Parameter[]; options: ParamGroupOptions<H> }[] = [];
  for (const each of params) {
    if (each instanceof Parameter) alone.push(each);
    else groups.push({ members: each.params, options: each });
  }
  return alone.length === 0 ? groups : [{ members: alone }, ...groups];
}
