import type { PublishedModel } from "@detectron-ts/model-zoo";

import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { findModel, licenseText } from "./find-model.ts";

/**
 * Prints what was published of a model.
 *
 * @throws NoCheckpointError when there is no such model.
 */
export function showModel(name: string, terminal: Terminal): void {
  const model = findModel(name);
  terminal.print(terminal.colors.bold(model.name));
  for (const line of formatTable(factsOf(model))) terminal.print(`  ${line}`);
}

function factsOf(model: PublishedModel): string[][] {
  const { metrics, trainSecondsPerIteration, inferenceSecondsPerImage, trainMemoryGB } = model;
  const facts: [string, string | undefined][] = [
    ["family", model.family],
    ["dataset", model.dataset],
    ["schedule", model.schedule],
    ["box AP", metrics.boxAP?.toFixed(1)],
    ["box AP50", metrics.boxAP50?.toFixed(1)],
    ["mask AP", metrics.maskAP?.toFixed(1)],
    ["keypoint AP", metrics.keypointAP?.toFixed(1)],
    ["panoptic quality", metrics.pq?.toFixed(1)],
    ["proposals' AR", metrics.proposalAR?.toFixed(1)],
    ["training", secondsText(trainSecondsPerIteration, "iteration on eight V100 GPUs")],
    ["inference", secondsText(inferenceSecondsPerImage, "image on a V100 GPU")],
    ["training's memory", trainMemoryGB === undefined ? undefined : `${trainMemoryGB} GB per GPU`],
    ["model id", model.modelId],
    ["weights", model.checkpointUrl],
    ["licence", licenseText(model)],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

function secondsText(seconds: number | undefined, of: string): string | undefined {
  return seconds === undefined ? undefined : `${seconds} s per ${of}`;
}
