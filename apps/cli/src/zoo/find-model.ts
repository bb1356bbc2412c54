import { getCheckpointUrl, listModels, type PublishedModel } from "@detectron-ts/model-zoo";

/**
 * The published model of a config.
 *
 * @throws NoCheckpointError with the nearest names that have weights.
 */
export function findModel(name: string): PublishedModel {
  // Knows names with and without extension, and what is near a wrong one.
  const url = getCheckpointUrl(name);
  const model = listModels().find(({ checkpointUrl }) => checkpointUrl === url);
  if (model === undefined) throw new TypeError(`${url} is of no model`);
  return model;
}

/** `CC BY-SA 3.0 (https://…)`. */
export function licenseText({ license }: PublishedModel): string {
  return `${license.name} (${license.url})`;
}
