import {
  DetectionCheckpointer,
  type ModelTensorData,
  PeriodicCheckpointer,
  type Stateful,
} from "../../src/index.ts";

/**
 * A training without a model: every tensor holds the iteration's number everywhere, so that a mixture of two
 * checkpoints shows. Run as a program, this file goes on from the last checkpoint, saves as fast as it can,
 * and says what it has saved, until it is killed.
 */
export class Counter implements Stateful {
  readonly tensors: ReadonlyMap<string, CounterTensor>;
  /** The iteration of the restored state that stands beside the model. */
  restored: unknown;

  constructor(tensorCount = 4) {
    this.tensors = new Map(
      Array.from({ length: tensorCount }, (_, i) => [`layer${i}.weight`, new CounterTensor()]),
    );
  }

  checkpointer(saveDir: string): DetectionCheckpointer {
    const model = { stateDict: () => this.tensors };
    return new DetectionCheckpointer(model, { saveDir, checkpointables: { optimizer: this } });
  }

  set(iteration: number): void {
    for (const tensor of this.tensors.values()) tensor.data.fill(iteration);
  }

  /** The number that all tensors hold; NaN when they don't agree. */
  value(): number {
    const all = [...this.tensors.values()].map(({ data }) => data);
    const [first] = all[0];
    return all.every((data) => data.every((number) => number === first)) ? first : NaN;
  }

  stateDict(): unknown {
    return { momentum: [...this.tensors.values()], iteration: this.value() };
  }

  loadStateDict(state: unknown): void {
    this.restored = state instanceof Map ? state.get("iteration") : undefined;
  }
}

class CounterTensor {
  readonly shape = [100_000];
  readonly dtype = "float32";
  data: Float32Array = new Float32Array(100_000);

  set(data: ModelTensorData): void {
    if (!(data instanceof Float32Array)) throw new TypeError("wanted float32");
    this.data = data;
  }
}

const [, , command, saveDir] = process.argv;
if (command === "save-until-killed") {
  const counter = new Counter();
  const checkpointer = counter.checkpointer(saveDir);
  const { rest } = await checkpointer.resumeOrLoad("");
  process.stdout.write("ready\n");
  const periodic = new PeriodicCheckpointer(checkpointer, { period: 1, maxToKeep: 2 });
  for (let iteration = Number(rest.get("iteration") ?? -1) + 1; ; iteration++) {
    counter.set(iteration);
    await periodic.step(iteration);
    process.stdout.write(`${iteration}\n`);
  }
}
