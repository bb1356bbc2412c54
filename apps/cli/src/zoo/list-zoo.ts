import {
  listConfigs,
  listLazyConfigs,
  listModels,
  MODEL_FAMILIES,
  type ModelFamily,
  type PublishedMetrics,
  WEIGHTS_LICENSE,
} from "@detectron-ts/model-zoo";

import { UsageError } from "../errors.ts";
import { countText, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** What `detectron zoo list` is asked for. */
export interface ListZooOptions {
  /** Only names with this in them. */
  readonly text?: string | undefined;
  /** One of {@link MODEL_FAMILIES}. */
  readonly family?: string;
  readonly dataset?: string;
  /** Whether to list names of configs instead of models. */
  readonly configs?: boolean;
  readonly json?: boolean;
}

/** The columns of results, by what they are called. */
const COLUMNS: readonly (readonly [title: string, metric: keyof PublishedMetrics])[] = [
  ["box AP", "boxAP"],
  ["mask AP", "maskAP"],
  ["kp AP", "keypointAP"],
  ["PQ", "pq"],
  ["AR", "proposalAR"],
];

/**
 * Prints the models of the zoo, or the names of its configs.
 *
 * @throws UsageError for a family that there isn't.
 */
export function listZoo(options: ListZooOptions, terminal: Terminal): void {
  if (options.configs) printConfigs(options, terminal);
  else printModels(options, terminal);
}

function printConfigs({ text = "", json }: ListZooOptions, terminal: Terminal): void {
  const names = [...listConfigs(), ...listLazyConfigs()]
    .filter((name) => name.toLowerCase().includes(text.toLowerCase()))
    .sort();
  if (json) terminal.print(JSON.stringify(names, null, 2));
  else for (const name of names) terminal.print(name);
}

function printModels(options: ListZooOptions, terminal: Terminal): void {
  const { text, dataset, json } = options;
  const models = listModels({
    ...(options.family !== undefined && { family: familyOf(options.family) }),
    ...(dataset !== undefined && { dataset }),
    ...(text !== undefined && { search: text }),
  });
  if (json) {
    terminal.print(JSON.stringify(models, null, 2));
    return;
  }
  const { dim } = terminal.colors;
  if (models.length === 0) {
    terminal.print("No model of the zoo is so; detectron zoo list --configs lists all configs");
    return;
  }
  const columns = COLUMNS.filter(([, metric]) =>
    models.some(({ metrics }) => metrics[metric] !== undefined),
  );
  const rows = models.map(({ name, schedule = "", metrics }) => [
    name,
    schedule,
    ...columns.map(([, metric]) => metrics[metric]?.toFixed(1) ?? ""),
  ]);
  const titles = ["name", "schedule", ...columns.map(([title]) => title)];
  const [header, ...lines] = formatTable(
    [titles, ...rows],
    titles.map((_, column) => column > 1),
  );
  terminal.print(dim(header));
  for (const line of lines) terminal.print(line);
  terminal.print(dim(`${countText(models.length, "model")}, weights ${WEIGHTS_LICENSE.name}`));
}

function familyOf(name: string): ModelFamily {
  const family = MODEL_FAMILIES.find((candidate) => candidate === name);
  if (family !== undefined) return family;
  throw new UsageError(`--family ${name}: wanted one of ${MODEL_FAMILIES.join(", ")}`);
}
