import type { DatasetEvaluator, EvaluationResults } from "./dataset-evaluator.ts";
import { OutputLengthError } from "./errors.ts";

/** A model that detects: `GeneralizedRCNN` and `ProposalNetwork` of `@detectron-ts/modeling` are. */
export interface InferenceModel<Input, Output> {
  readonly training: boolean;
  train(mode?: boolean): unknown;
  inference(batchedInputs: readonly Input[]): Promise<readonly Output[]>;
}

/** A function in a model's place, for tests and wrappers. */
export type InferenceFunction<Input, Output> = (
  batchedInputs: readonly Input[],
) => Promise<readonly Output[]> | readonly Output[];

/** Batches of a dataset, once through. Its length, the number of batches, is known for lists; a loader may tell it. */
export type InferenceLoader<Input> = (
  AsyncIterable<readonly Input[]> | Iterable<readonly Input[]>
) & {
  readonly length?: number;
};

/** Where {@link inferenceOnDataset} stands after a batch. Times are means per batch since the warm-up, in seconds. */
export interface InferenceProgress {
  /** Batches done. */
  readonly done: number;
  /** Batches in all; undefined where the loader does not tell. */
  readonly total: number | undefined;
  /** Images done. */
  readonly images: number;
  /** Waiting for the loader. */
  readonly dataSeconds: number;
  /** Running the model. */
  readonly computeSeconds: number;
  /** In the evaluator. */
  readonly evalSeconds: number;
  /** All together. */
  readonly secondsPerBatch: number;
  /** Until the last batch. */
  readonly etaSeconds: number | undefined;
}

/** Options of {@link inferenceOnDataset}. */
export interface InferenceOptions {
  /** Called after every batch. */
  readonly onProgress?: (progress: InferenceProgress) => void;
}

/** Batches that do not count in the times: sessions are compiled in the first ones. */
const WARMUP_BATCHES = 5;

/**
 * Runs a model over a dataset and evaluates what it gives. Mirrors `detectron2.evaluation.inference_on_dataset`.
 *
 * The model is in inference mode meanwhile, so that no gradients are recorded, and in its previous mode afterwards, also
 * when something throws.
 *
 * @param evaluator - is reset first; none for a mere run, to measure time.
 * @returns the evaluator's results; empty where it has none.
 * @throws {@link OutputLengthError} if the model does not give one output per input.
 */
export async function inferenceOnDataset<Input, Output>(
  // The loader says what goes in, the evaluator what has to come out; the model has to fit both.
  model:
    | InferenceModel<NoInfer<Input>, NoInfer<Output>>
    | InferenceFunction<NoInfer<Input>, NoInfer<Output>>,
  dataLoader: InferenceLoader<Input>,
  evaluator: DatasetEvaluator<NoInfer<Input>, Output> | undefined,
  { onProgress }: InferenceOptions = {},
): Promise<EvaluationResults> {
  evaluator?.reset();
  await inInferenceMode(model, async (infer) => {
    const total = dataLoader.length;
    const timer = new PhaseTimer(Math.min(WARMUP_BATCHES, Math.max((total ?? Infinity) - 1, 0)));
    let images = 0;
    for await (const inputs of dataLoader) {
      timer.lap("data");
      const outputs = await infer(inputs);
      if (outputs.length !== inputs.length) {
        throw new OutputLengthError(outputs.length, inputs.length);
      }
      timer.lap("compute");
      await evaluator?.process(inputs, outputs);
      timer.lap("eval");
      images += inputs.length;
      timer.finishBatch();
      onProgress?.({ images, total, ...timer.report(total) });
      timer.resume();
    }
  });
  return (await evaluator?.evaluate()) ?? {};
}

async function inInferenceMode<Input, Output>(
  model: InferenceModel<Input, Output> | InferenceFunction<Input, Output>,
  run: (infer: InferenceFunction<Input, Output>) => Promise<void>,
): Promise<void> {
  // Modules can be called like functions, but a call's result depends on the mode.
  if (!("inference" in model)) return run(model);
  const { training } = model;
  model.train(false);
  try {
    await run((inputs) => model.inference(inputs));
  } finally {
    model.train(training);
  }
}

type Phase = "data" | "compute" | "eval";

/** Adds up the time of each phase of a batch; forgets the first batches once they are over. */
class PhaseTimer {
  readonly #warmup: number;
  #done = 0;
  #counted = 0;
  #seconds: Record<Phase, number> = { data: 0, compute: 0, eval: 0 };
  #last = performance.now();

  constructor(warmup: number) {
    this.#warmup = warmup;
  }

  lap(phase: Phase): void {
    const now = performance.now();
    this.#seconds[phase] += (now - this.#last) / 1000;
    this.#last = now;
  }

  /** Leaves out what has passed since the last lap. */
  resume(): void {
    this.#last = performance.now();
  }

  finishBatch(): void {
    this.#done++;
    this.#counted++;
  }

  report(total: number | undefined): Omit<InferenceProgress, "images" | "total"> {
    const { data, compute, eval: evaluation } = this.#seconds;
    const secondsPerBatch = (data + compute + evaluation) / this.#counted;
    const progress = {
      done: this.#done,
      dataSeconds: data / this.#counted,
      computeSeconds: compute / this.#counted,
      evalSeconds: evaluation / this.#counted,
      secondsPerBatch,
      etaSeconds: total === undefined ? undefined : secondsPerBatch * (total - this.#done),
    };
    if (this.#done === this.#warmup) {
      this.#seconds = { data: 0, compute: 0, eval: 0 };
      this.#counted = 0;
    }
    return progress;
  }
}
