import { defaultGenerator, type GeneratorState } from "@detectron-ts/nn";

import { TrainerStateError } from "./errors.ts";

/** A data loader that can go on where another one was. */
export interface ResumableLoader {
  /** Plain data, fit for JSON. */
  state: unknown;
  /** The images it draws from, as far as it tells. */
  readonly dataset?: { readonly length: number };
}

/** Whether a loader has a state that can be saved. */
function isResumable(loader: object): loader is ResumableLoader {
  return "state" in loader;
}

/**
 * All that is random in a training: where the loader's stream of batches stands, and the generator that samples anchors and
 * proposals. As text, because it is nobody else's business: detectron2 passes over it.
 */
export function saveRandomState(loader: object): Map<string, string> {
  const state = new Map([["generator", JSON.stringify(defaultGenerator.state)]]);
  if (isResumable(loader)) {
    const images = loader.dataset?.length;
    state.set("data_loader", JSON.stringify({ images, state: loader.state }));
  }
  return state;
}

/**
 * Takes what {@link saveRandomState} gave. A loader of another number of images begins anew, with a warning of the process.
 *
 * @throws TrainerStateError when it is none.
 */
export function loadRandomState(saved: unknown, loader: object): void {
  if (!(saved instanceof Map)) throw new TrainerStateError("state", "has a random that is no Map");
  const generator = parse<GeneratorState>(saved, "generator");
  if (generator !== undefined) restore("generator", () => (defaultGenerator.state = generator));
  if (!isResumable(loader)) return;
  const stream = parse<{ readonly images?: number; readonly state: unknown }>(saved, "data_loader");
  if (stream === undefined) return;
  const images = loader.dataset?.length;
  if (stream.images === images) {
    restore("data_loader", () => (loader.state = stream.state));
    return;
  }
  const got = `of ${stream.images} images, now there are ${images}`;
  process.emitWarning(`The checkpoint is ${got}: the data begin anew`, "TrainerWarning");
}

/** Taken on trust as far as its form goes: what it is given to looks at it. */
function parse<Value>(saved: ReadonlyMap<unknown, unknown>, name: string): Value | undefined {
  const text = saved.get(name);
  if (text === undefined) return undefined;
  if (typeof text !== "string")
    throw new TrainerStateError("state", `has a ${name} that is no text`);
  return restore(name, () => JSON.parse(text) as Value);
}

function restore<Value>(name: string, action: () => Value): Value {
  try {
    return action();
  } catch (cause) {
    throw new TrainerStateError("state", `has a ${name} that can't be used`, { cause });
  }
}
