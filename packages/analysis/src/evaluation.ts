import { runtime } from "@detectron-ts/runtime";
import { registerEvaluator, type Evaluator } from "@detectron-ts/tensor";

/**
 * Runs `body` while another evaluator computes values.
 *
 * @param wrap Makes that evaluator; given the one whose place it takes.
 */
export async function withEvaluator<T>(
  wrap: (inner: Evaluator) => Evaluator,
  body: () => T | Promise<T>,
): Promise<T> {
  const forward: Evaluator = { realize: (tensors) => inner.realize(tensors) };
  const inner = registerEvaluator(forward) ?? runtime;
  registerEvaluator(wrap(inner));
  try {
    return await body();
  } finally {
    registerEvaluator(inner);
  }
}
