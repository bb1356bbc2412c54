import type { LazyNode, LazyTarget } from "@detectron-ts/config";
import type { DetectionTestLoader, DetectionTrainLoader } from "@detectron-ts/data";
import type { AnyModule } from "@detectron-ts/nn";
import type { ParamGroup, ParamScheduler, SGD } from "@detectron-ts/solver";

/** Settings of a training that are no constructor's; see {@link train}. */
export interface TrainSettings {
  outputDir: string;
  /** A checkpoint's path or address; nothing is loaded when empty. */
  initCheckpoint: string;
  maxIter: number;
  /** Of everything random; negative to draw one. */
  seed: number;
  checkpointer: {
    /** Iterations from one checkpoint to the next. */
    period: number;
    /** Most checkpoints that are kept, the last ones. */
    maxToKeep: number;
  };
  /** Iterations from one evaluation to the next; 0 for one at the end. */
  evalPeriod: number;
  /** Iterations from one line of metrics to the next. */
  logPeriod: number;
}

/** A dataset whose metadata say how it is evaluated. */
export interface EvaluatedDataset {
  datasetName: string;
}

/** What a training needs of an optimizer. */
type TrainingOptimizer = Pick<SGD, "zeroGrad" | "step" | "loadStateDict"> & {
  readonly paramGroups: readonly ParamGroup[];
  stateDict(): ReadonlyMap<string, unknown>;
};

/** What a config is to construct, or a promise of it. */
type NodeOf<Value> = LazyNode<LazyTarget<Value | Promise<Value>>>;

/**
 * A training as a tree of constructors, as the files under detectron2's `configs` that are written in Python describe one.
 * A config's own type says more: which options each of its nodes has.
 */
export interface LazyConfig {
  model: NodeOf<AnyModule>;
  dataloader: {
    train: NodeOf<DetectionTrainLoader>;
    test: NodeOf<DetectionTestLoader>;
    evaluator?: EvaluatedDataset | object;
  };
  /** Its `params.model` is set before it is constructed. */
  optimizer: NodeOf<TrainingOptimizer> & { params: { model?: unknown } };
  lrMultiplier: NodeOf<ParamScheduler>;
  train: TrainSettings;
}
