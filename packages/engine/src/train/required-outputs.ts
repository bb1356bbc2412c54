import type {
  DatasetEvaluator,
  DetectionOutput,
  EvaluationInput,
  EvaluationResults,
  PanopticOutput,
  ProposalOutput,
  SemSegOutput,
} from "@detectron-ts/evaluation";

import { MissingOutputError } from "../errors.ts";

/** All that evaluators read of models. Each model gives some of it, by its kind. */
export type ModelOutputs = DetectionOutput & ProposalOutput & SemSegOutput & PanopticOutput;

/** What evaluators read of an entry of a dataset. */
export interface DatasetInput extends EvaluationInput {
  /** Path of the image. */
  readonly fileName: string;
}

/** An evaluator that is asked about any model, and refuses those that do not give what it measures. */
export class RequiredOutputs<Key extends keyof ModelOutputs> implements DatasetEvaluator<
  DatasetInput,
  Partial<ModelOutputs>
> {
  readonly #datasetName: string;
  readonly #key: Key;
  readonly #evaluator: DatasetEvaluator<DatasetInput, Pick<ModelOutputs, Key>>;

  /** @param key - the output that the evaluator measures. */
  constructor(
    datasetName: string,
    key: Key,
    evaluator: DatasetEvaluator<DatasetInput, Pick<ModelOutputs, Key>>,
  ) {
    this.#datasetName = datasetName;
    this.#key = key;
    this.#evaluator = evaluator;
  }

  reset(): void {
    this.#evaluator.reset();
  }

  /** @throws MissingOutputError when the model does not give it. */
  process(
    inputs: readonly DatasetInput[],
    outputs: readonly Partial<ModelOutputs>[],
  ): Promise<void> | void {
    const measured = outputs.map((output) => {
      if (this.#hasOutput(output)) return output;
      throw new MissingOutputError(this.#datasetName, this.#key, Object.keys(output));
    });
    return this.#evaluator.process(inputs, measured);
  }

  evaluate(): Promise<EvaluationResults | undefined> | EvaluationResults | undefined {
    return this.#evaluator.evaluate();
  }

  #hasOutput(
    output: Partial<ModelOutputs>,
  ): output is Partial<ModelOutputs> & Pick<ModelOutputs, Key> {
    return output[this.#key] !== undefined;
  }
}
