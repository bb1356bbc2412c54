import { AsyncLocalStorage } from "node:async_hooks";
import { runtime } from "@detectron-ts/runtime";
import { registerEvaluator, type Evaluator } from "@detectron-ts/tensor";

// What computes values follows the chain of awaits that it was set for, so that analyses may go on side by side, and side by
// side with whatever else is computed.
const evaluators = new AsyncLocalStorage<Evaluator>();
let usual: Evaluator = runtime;
let running = 0;

const dispatcher: Evaluator = {
  realize: (tensors) => (evaluators.getStore() ?? usual).realize(tensors),
};

/**
 * Runs `body`, whose values another evaluator computes.
 *
 * @param wrap Makes that evaluator; given the one whose place it takes.
 */
export async function withEvaluator<T>(
  wrap: (inner: Evaluator) => Evaluator,
  body: () => T | Promise<T>,
): Promise<T> {
  if (running === 0) usual = registerEvaluator(dispatcher) ?? runtime;
  running += 1;
  try {
    return await evaluators.run(wrap(evaluators.getStore() ?? usual), body);
  } finally {
    running -= 1;
    if (running === 0) registerEvaluator(usual);
  }
}
