import { parse } from "node:path";

import type { DatasetSpec } from "../datasets/dataset-spec.ts";
import { UsageError } from "../errors.ts";

/** The options that say what to measure against. */
export interface GroundTruthOptions {
  /** A file in COCO's format. */
  readonly annotations?: string | undefined;
  /** The folder of its images. */
  readonly images?: string | undefined;
  readonly dataset?: readonly DatasetSpec[] | undefined;
}

/**
 * The datasets to measure on: those of `--dataset`, or that of `--annotations` and `--images`, under its file's name; none
 * where neither is given.
 *
 * @param readsImages - whether the images are needed, too.
 * @throws UsageError for both, or half of it.
 */
export function groundTruthSpecs(
  { annotations, images, dataset = [] }: GroundTruthOptions,
  readsImages: boolean,
): readonly DatasetSpec[] {
  if (annotations === undefined) {
    if (images !== undefined) throw new UsageError("--images needs --annotations");
    return dataset;
  }
  if (dataset.length > 0) {
    throw new UsageError(
      "--annotations and --dataset exclude each other; --dataset may be repeated",
    );
  }
  if (readsImages && images === undefined) {
    throw new UsageError("--annotations needs --images, the folder that its file names start from");
  }
  const source = { format: "coco", annotations, ...(images !== undefined && { images }) } as const;
  return [{ name: parse(annotations).name, source }];
}
