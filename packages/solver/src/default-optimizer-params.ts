import { BatchNorm2d, GroupNorm, type AnyModule, type Parameter } from "@detectron-ts/nn";
import { OptimizerOptionError } from "./errors.ts";
import { reduceParamGroups, type Hyperparameters } from "./optimizers/param-groups.ts";

/** Parameters with what is particular about them: groups for any optimizer. */
export interface DefaultParamGroup extends Partial<Hyperparameters> {
  readonly params: readonly Parameter[];
}

/** Options of {@link getDefaultOptimizerParams}. All but the model may be left out. */
export interface DefaultOptimizerParamsOptions {
  readonly model: AnyModule;
  /** Learning rate; the optimizer's own when left out. */
  readonly baseLr?: number;
  /** The optimizer's own when left out. */
  readonly weightDecay?: number;
  /** Weight decay of the parameters of batch and group norms. */
  readonly weightDecayNorm?: number;
  /** What the learning rate of biases is multiplied by; needs `baseLr` unless it is 1. */
  readonly biasLrFactor?: number;
  /** Weight decay of biases. */
  readonly weightDecayBias?: number;
  /** What the learning rate of a parameter is multiplied by, by its checkpoint name; needs `baseLr`. */
  readonly lrFactorFunc?: (name: string) => number;
  /** Hyperparameters by the last part of the parameter's name; they take precedence: `{ pos_embed: { weightDecay: 0 } }`. */
  readonly overrides?: Readonly<Record<string, Partial<Hyperparameters>>>;
}

/**
 * The norms whose parameters have a weight decay of their own. As in detectron2, its channel-first `LayerNorm` is
 * none of them.
 */
const NORMS = [BatchNorm2d, GroupNorm];

/**
 * The trainable parameters of a model, each once, in groups of equal hyperparameters. Mirrors
 * `detectron2.solver.build.get_default_optimizer_params`.
 *
 * @throws OptimizerOptionError when a factor has no `baseLr` to multiply, or biases have options and overrides.
 */
export function getDefaultOptimizerParams({
  model,
  baseLr,
  weightDecay,
  weightDecayNorm,
  biasLrFactor = 1,
  weightDecayBias,
  lrFactorFunc,
  overrides = {},
}: DefaultOptimizerParamsOptions): DefaultParamGroup[] {
  const times = (factor: number, option: string): number => {
    if (baseLr === undefined) throw new OptimizerOptionError(NAME, option, "needs a baseLr");
    return baseLr * factor;
  };
  const ofBiases: Partial<Hyperparameters> = defined({
    lr: biasLrFactor === 1 ? undefined : times(biasLrFactor, "biasLrFactor"),
    weightDecay: weightDecayBias,
  });
  const biasesDiffer = Object.keys(ofBiases).length > 0;
  if (biasesDiffer && "bias" in overrides) {
    const detail = "for bias contradict biasLrFactor or weightDecayBias: give one of them";
    throw new OptimizerOptionError(NAME, "overrides", detail);
  }
  const byName = new Map(Object.entries(overrides));
  if (biasesDiffer) byName.set("bias", ofBiases);

  const seen = new Set<Parameter>();
  const groups: DefaultParamGroup[] = [];
  for (const [moduleName, module] of model.namedModules()) {
    const decay = NORMS.some((norm) => module instanceof norm)
      ? (weightDecayNorm ?? weightDecay)
      : weightDecay;
    for (const [name, parameter] of ownParameters(module)) {
      if (!parameter.requiresGrad || seen.has(parameter)) continue;
      seen.add(parameter);
      const fullName = moduleName === "" ? name : `${moduleName}.${name}`;
      const lr = lrFactorFunc ? times(lrFactorFunc(fullName), "lrFactorFunc") : baseLr;
      const hyperparameters = defined({ lr, weightDecay: decay });
      groups.push({ params: [parameter], ...hyperparameters, ...byName.get(name) });
    }
  }
  return reduceParamGroups(groups);
}

const NAME = "getDefaultOptimizerParams";

/** The parameters that a module itself has, by name. */
function ownParameters(module: AnyModule): [name: string, parameter: Parameter][] {
  return [...module.namedParameters()].filter(([name]) => !name.includes("."));
}

/** The hyperparameters that are given. */
function defined(hyperparameters: Partial<Hyperparameters>): Partial<Hyperparameters> {
  const given = Object.entries(hyperparameters).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}
