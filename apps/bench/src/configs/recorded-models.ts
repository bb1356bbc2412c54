import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AnyModule } from "@detectron-ts/nn";

/** What detectron2's model of a config holds. */
export interface RecordedModel {
  readonly parameters: number;
  /** Of the sorted lines `name AxBxC` of its state dict. */
  readonly sha256: string;
}

const RECORDING = new URL(
  "../../../../packages/modeling/test/golden/parameters.json",
  import.meta.url,
);

/** What is recorded of detectron2's models, by the name of the config. */
export function readRecordedModels(): ReadonlyMap<string, RecordedModel> {
  const { configs } = JSON.parse(readFileSync(RECORDING, "utf8")) as {
    readonly configs: Readonly<Record<string, RecordedModel>>;
  };
  return new Map(Object.entries(configs));
}

/** Whether a model's parameters and buffers have the names and shapes of the recorded ones. */
export function holdsTheSame(model: AnyModule, recorded: RecordedModel): boolean {
  const lines = [...model.stateDict()].map(([name, { shape }]) => `${name} ${shape.join("x")}`);
  return createHash("sha256").update(lines.sort().join("\n")).digest("hex") === recorded.sha256;
}
