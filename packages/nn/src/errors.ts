import type { Shape } from "@detectron-ts/tensor";

/** A tensor whose shape differs between a model and a state dict. */
export interface IncorrectShape {
  readonly name: string;
  /** Shape in the state dict. */
  readonly got: Shape;
  /** Shape in the model. */
  readonly wanted: Shape;
}

/** What a state dict and a model do not have in common. */
export interface IncompatibleKeys {
  /** Names the model has and the state dict lacks. */
  readonly missing: readonly string[];
  /** Names the state dict has and the model lacks. */
  readonly unexpected: readonly string[];
  readonly incorrectShapes: readonly IncorrectShape[];
}

/** A state dict that does not fit the model it was to be loaded into. */
export class StateDictError extends Error implements IncompatibleKeys {
  override readonly name = "StateDictError";
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly incorrectShapes: readonly IncorrectShape[];

  constructor({ missing, unexpected, incorrectShapes }: IncompatibleKeys) {
    const problems = [
      ...missing.map((name) => `missing ${name}`),
      ...unexpected.map((name) => `unexpected ${name}`),
      ...incorrectShapes.map(
        ({ name, got, wanted }) => `${name} is [${got.join(", ")}], wanted [${wanted.join(", ")}]`,
      ),
    ];
    super(`the state dict does not fit the model:\n  ${problems.join("\n  ")}`);
    this.missing = missing;
    this.unexpected = unexpected;
    this.incorrectShapes = incorrectShapes;
  }
}

/** A name under which a module can hold nothing: it is taken, empty, or contains a dot. */
export class ModuleNameError extends Error {
  override readonly name = "ModuleNameError";
  constructor(
    /** Class of the module. */
    readonly moduleClass: string,
    /** The checkpoint name. */
    readonly checkpointName: string,
    readonly detail: string,
  ) {
    super(`${moduleClass}: the name "${checkpointName}" ${detail}`);
  }
}

/** A path that leads to no submodule, or to one of another class than was asked for. */
export class SubmoduleError extends Error {
  override readonly name = "SubmoduleError";
  constructor(
    /** The whole path asked for. */
    readonly path: string,
    readonly detail: string,
  ) {
    super(`no submodule "${path}": ${detail}`);
  }
}

/** A layer option that no layer can be made of. */
export class LayerOptionError extends Error {
  override readonly name = "LayerOptionError";
  constructor(
    /** Class of the layer. */
    readonly layer: string,
    /** Name of the option. */
    readonly option: string,
    readonly detail: string,
  ) {
    super(`${layer}: ${option} ${detail}`);
  }
}

/** Running statistics were needed while batch statistics that belong to them had no values yet. */
export class PendingStatisticsError extends Error {
  override readonly name = "PendingStatisticsError";
  constructor(
    /** Training batches whose statistics were not computed. */
    readonly batches: number,
  ) {
    super(
      `BatchNorm2d has seen ${batches} training ${batches === 1 ? "batch" : "batches"} whose statistics ` +
        "are not computed yet: await updateRunningStatistics(model) before evaluating or freezing it",
    );
  }
}
