import { readFileSync } from "node:fs";

/** What detectron2's model of one config holds. */
interface RecordedModel {
  /** Numbers in all parameters, and in those that are trained. */
  readonly parameters: number;
  readonly trainable: number;
  /** Entries of the state dict. */
  readonly tensors: number;
  /** Of the sorted lines, joined by newlines. */
  readonly sha256: string;
  /** Positions in the list of modules, in the order of the state dict. */
  readonly modules: readonly number[];
}

interface Recording {
  readonly configs: Readonly<Record<string, RecordedModel>>;
  /** Tensors whose names start with `prefix`, as `rest-of-the-name AxBxC`. */
  readonly modules: readonly { readonly prefix: string; readonly tensors: readonly string[] }[];
}

const recording: Recording = JSON.parse(
  readFileSync(new URL("golden/parameters.json", import.meta.url), "utf8"),
);

/** Names of the configs whose models are recorded. */
export const recordedConfigs: readonly string[] = Object.keys(recording.configs).sort();

/** What is recorded of a config's model; `lines` is its state dict, `name AxBxC` each, in its order. */
export function recordedModel(name: string): RecordedModel & { readonly lines: string[] } {
  const model = recording.configs[name];
  const lines = model.modules.flatMap((index) => {
    const { prefix, tensors } = recording.modules[index];
    return tensors.map((tensor) => `${prefix}.${tensor}`);
  });
  return { ...model, lines };
}
