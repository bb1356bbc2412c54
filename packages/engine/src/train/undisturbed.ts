import { EventStorage } from "@detectron-ts/events";
import { defaultGenerator } from "@detectron-ts/nn";
import { noGrad } from "@detectron-ts/tensor";

/**
 * Runs something beside a training: without gradients, with the random numbers that the default generator's present state
 * gives it and that state restored afterwards, and with a storage of its own for what it records.
 */
export async function undisturbed<R>(run: () => Promise<R>): Promise<R> {
  const { state } = defaultGenerator;
  using storage = new EventStorage();
  try {
    return await storage.run(() => noGrad(run));
  } finally {
    defaultGenerator.state = state;
  }
}
