import { CallbackHook, SimpleTrainer, type TrainerOptimizer } from "@detectron-ts/engine";
import { runtime, type RuntimeStats } from "@detectron-ts/runtime";
import { realize, type Tensor } from "@detectron-ts/tensor";
import { median } from "./inference/stage-timer.ts";

/** What one step of training cost, in milliseconds. The first five parts add up to the total. */
export interface StepTime {
  /** Waiting for the batch: what decoding and augmenting take beyond what is done ahead. */
  readonly data: number;
  /** Matching, sampling, making targets, non-maximum suppression; planning graphs and feeding them. */
  readonly host: number;
  readonly forward: number;
  readonly backward: number;
  readonly optimizer: number;
  readonly total: number;
  /** Processor time of all threads. Other work on the machine hardly changes it. */
  readonly processor: number;
}

/** A point in time of a step, with the runtime's counters then. */
interface Mark {
  readonly time: number;
  readonly processor: number;
  readonly stats: RuntimeStats;
}

function mark(): Mark {
  return { time: performance.now(), processor: processorTime(), stats: runtime.stats() };
}

/** Milliseconds that this process's threads have worked. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds between two marks that went into tensors: in ONNX Runtime, and in kernels on the host. */
function computing({ stats: from }: Mark, { stats: to }: Mark): number {
  return to.onnxRuntimeMs - from.onnxRuntimeMs + to.hostOpMs - from.hostOpMs;
}

/** What is trained; a detector in training is of this kind. */
export interface TimedModel<Batch> {
  losses(batch: Batch): Promise<Readonly<Record<string, Tensor>>>;
}

/**
 * The usual trainer with a clock at its joints.
 *
 * A step runs two graphs: backbone and RPN, whose proposals decide how it goes on; then the RoI heads together with the
 * whole backward pass. To tell forward and backward from each other, {@link apart} has the losses computed by
 * themselves first. The second graph's backward part then runs alone, on the values that its forward part has saved. It
 * is the same work, only that these values leave ONNX Runtime in between. So the parts of a step are timed apart, and
 * whole steps as they are.
 */
export class TimedTraining<Batch> {
  readonly #trainer: SimpleTrainer<Batch>;
  readonly #marks: Mark[] = [];
  #steps: StepTime[] = [];
  /** Whether forward and backward pass run one after the other. */
  apart = false;

  constructor(
    model: TimedModel<Batch>,
    dataLoader: AsyncIterable<Batch>,
    optimizer: TrainerOptimizer,
  ) {
    const losses = async (batch: Batch) => {
      this.#marks.push(mark());
      const lossesByName = await model.losses(batch);
      if (this.apart) await realize(...Object.values(lossesByName));
      this.#marks.push(mark());
      return lossesByName;
    };
    this.#trainer = new SimpleTrainer({ model: { training: true, losses }, dataLoader, optimizer });
    const hook = new CallbackHook({
      beforeStep: () => void this.#marks.splice(0, Infinity, mark()),
      afterBackward: () => void this.#marks.push(mark()),
      afterStep: () => void this.#steps.push(this.#stepTime()),
    });
    this.#trainer.registerHooks([hook]);
  }

  /** Goes on training for some steps, and says what each cost. */
  async run(steps: number): Promise<readonly StepTime[]> {
    this.#steps = [];
    await this.#trainer.train(this.#trainer.iter, this.#trainer.iter + steps);
    return this.#steps;
  }

  #stepTime(): StepTime {
    const [start, batch, losses, backward] = this.#marks;
    const end = mark();
    const forwardMs = computing(batch, losses);
    const backwardMs = computing(losses, backward);
    return {
      data: batch.time - start.time,
      host: backward.time - batch.time - forwardMs - backwardMs,
      forward: forwardMs,
      backward: backwardMs,
      optimizer: end.time - backward.time,
      total: end.time - start.time,
      processor: end.processor - start.processor,
    };
  }
}

/** The median of each part. Those of different steps need not add up to the median total. */
export function medianStep(steps: readonly StepTime[]): StepTime {
  const of = (part: keyof StepTime): number => median(steps.map((step) => step[part]));
  return {
    data: of("data"),
    host: of("host"),
    forward: of("forward"),
    backward: of("backward"),
    optimizer: of("optimizer"),
    total: of("total"),
    processor: of("processor"),
  };
}
