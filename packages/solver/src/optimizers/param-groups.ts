import type { Parameter } from "@detectron-ts/nn";

/** What every optimizer can be told for each group of parameters. */
export interface Hyperparameters {
  /** Learning rate. */
  lr: number;
  weightDecay: number;
}

/** Parameters that share hyperparameters. */
interface Members {
  readonly params: readonly Parameter[];
  /** The learning rate that a schedule started from. */
  initialLr?: number;
}

/** Parameters and their hyperparameters, which may be changed between steps; schedules do. */
export type ParamGroup<H extends Hyperparameters = Hyperparameters> = H & Members;

/** Parameters and what is particular about them; an optimizer's own options stand in for what is left out. */
export type ParamGroupOptions<H extends Hyperparameters = Hyperparameters> = Partial<H> & Members;

/**
 * Merges groups of equal hyperparameters into one, in the order in which they come first. A parameter that is in
 * several groups gets the hyperparameters of all, of later ones first. Mirrors
 * `detectron2.solver.build.reduce_param_groups`.
 */
export function reduceParamGroups<Group extends { readonly params: readonly unknown[] }>(
  groups: readonly Group[],
): Group[] {
  const perParameter = new Map<unknown, Group>();
  for (const group of groups) {
    for (const parameter of group.params) {
      perParameter.set(parameter, {
        ...perParameter.get(parameter),
        ...group,
        params: [parameter],
      });
    }
  }
  const reduced = new Map<string, Group>();
  for (const group of perParameter.values()) {
    const key = hyperparameterKey(group);
    const params = [...(reduced.get(key)?.params ?? []), ...group.params];
    reduced.set(key, { ...group, params });
  }
  return [...reduced.values()];
}

/** The same text for the same hyperparameters. */
function hyperparameterKey(group: object): string {
  const hyperparameters = Object.entries(group)
    .filter(([name, value]) => name !== "params" && value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(hyperparameters);
}
