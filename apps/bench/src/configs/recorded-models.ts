import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AnyModule } from "@detectron-ts/nn";

/** What detectron2's model of a config holds. */
export interface RecordedModel {
  readonly parameters: number;
  /** Of the sorted lines `name AxBxC` of its state dict. */
  readonly sha256: string;
}

/** Where the YAML configs' models are recorded, by the names of their files, and those of lazy configs, without ending. */
const RECORDINGS = {
  yaml: "../../../../packages/modeling/test/golden/parameters.json",
  lazy: "../../../../packages/model-zoo/test/golden/lazy-parameters.json",
} as const;

/** What is recorded of detectron2's models, by the name of the config. */
export function readRecordedModels(
  kind: keyof typeof RECORDINGS,
): ReadonlyMap<string, RecordedModel> {
  const file = new URL(RECORDINGS[kind], import.meta.url);
  const { configs } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly configs: Readonly<Record<string, RecordedModel>>;
  };
  return new Map(Object.entries(configs));
}

/** Whether a model's parameters and buffers have the names and shapes of the recorded ones. */
export function holdsTheSame(model: AnyModule, recorded: RecordedModel): boolean {
  const lines = [...model.stateDict()].map(([name, { shape }]) => `${name} ${shape.join("x")}`);
  return createHash("sha256").update(lines.sort().join("\n")).digest("hex") === recorded.sha256;
}
