import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { DatasetPathError } from "../errors.ts";
import type { DatasetSpec } from "./dataset-spec.ts";

/**
 * Looks whether a dataset's files and folders are there, before anything is done with it. The images themselves are left
 * to whoever reads them.
 *
 * @throws DatasetPathError
 */
export async function checkDatasetPaths({ name, source }: DatasetSpec): Promise<void> {
  switch (source.format) {
    case "coco":
      await requireFile(name, source.annotations);
      if (source.images !== undefined) await requireFolder(name, source.images);
      return;
    case "voc":
      await requireFolder(name, join(source.root, "Annotations"));
      await requireSplit(name, join(source.root, "ImageSets", "Main"), source.split);
      return;
    case "penn-fudan":
      await requireFolder(name, join(source.root, "PNGImages"));
      await requireFolder(name, join(source.root, "PedMasks"));
  }
}

async function requireFile(dataset: string, path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) throw new DatasetPathError(dataset, path, "isn't there");
  if (stats.isDirectory()) {
    throw new DatasetPathError(dataset, path, "is a folder; wanted a file of annotations");
  }
}

async function requireFolder(dataset: string, path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) throw new DatasetPathError(dataset, path, "isn't there");
  if (!stats.isDirectory()) {
    throw new DatasetPathError(dataset, path, "is a file; wanted a folder");
  }
}

async function requireSplit(dataset: string, folder: string, split: string): Promise<void> {
  await requireFolder(dataset, folder);
  const splits = (await readdir(folder))
    .filter((file) => file.endsWith(".txt"))
    .map((file) => file.slice(0, -".txt".length));
  if (splits.includes(split)) return;
  const found = splits.length === 0 ? "is empty" : `has ${splits.sort().join(", ")}`;
  throw new DatasetPathError(
    dataset,
    join(folder, `${split}.txt`),
    `isn't there; the folder ${found}`,
  );
}
