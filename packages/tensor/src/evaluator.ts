import { RuntimeMissingError } from "./errors.ts";
import type { Tensor } from "./tensor.ts";

/** Computes values. `@detectron-ts/runtime` provides the one that compiles to ONNX Runtime. */
export interface Evaluator {
  /** Gives every tensor's node a value, computing what they share once. */
  realize(tensors: readonly Tensor[]): Promise<void>;
}

let registered: Evaluator | undefined;

/**
 * Makes `evaluator` the one that computes values; importing the runtime does this.
 *
 * @returns the one before, for an evaluator that stands on it or takes its place for a while.
 */
export function registerEvaluator(evaluator: Evaluator): Evaluator | undefined {
  const previous = registered;
  registered = evaluator;
  return previous;
}

// Kept out of sight of bundlers and of the dependency graph: this package works without a runtime, and the
// runtime depends on this package.
const RUNTIME_PACKAGE = "@detectron-ts/runtime";

/**
 * The registered evaluator; the first call loads `@detectron-ts/runtime` when none is there.
 *
 * @throws RuntimeMissingError when it is not installed.
 */
async function loadEvaluator(): Promise<Evaluator> {
  if (registered === undefined) {
    try {
      await import(/* @vite-ignore */ RUNTIME_PACKAGE);
    } catch (error) {
      throw new RuntimeMissingError(error);
    }
  }
  if (registered === undefined) throw new RuntimeMissingError(undefined);
  return registered;
}

/**
 * Computes the values of all given tensors in one go. Afterwards `dataSync()` works on them and later
 * graphs start from their values. Where several results of one model are wanted, asking for them together
 * compiles one session instead of several.
 */
export async function realize(...tensors: readonly Tensor[]): Promise<void> {
  const pending = tensors.filter((tensor) => !tensor.realized);
  if (pending.length === 0) return;
  await (await loadEvaluator()).realize(pending);
}
