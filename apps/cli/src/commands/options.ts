import { InvalidArgumentError, Option } from "commander";

import { DATASET_FORMS, type DatasetSpec, parseDatasetSpec } from "../datasets/dataset-spec.ts";

/** `--opts KEY VALUE …`, as detectron2's tools take them. */
export function optsOption(): Option {
  return new Option(
    "--opts <key-value...>",
    "config keys and their values, such as MODEL.ROI_HEADS.SCORE_THRESH_TEST 0.3",
  );
}

/** Reads a number between 0 and 1. */
export function parseThreshold(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError("Wanted a number from 0 to 1.");
  }
  return value;
}

/** Reads a whole number from 1. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError("Wanted a whole number from 1.");
  }
  return value;
}

/** Reads names between commas. */
export function parseNames(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes("")) throw new InvalidArgumentError("Wanted names between commas.");
  return names;
}

/** `--dataset NAME=…`, as often as there are datasets. */
export function datasetOption(): Option {
  return new Option(
    "--dataset <name=location>",
    "registers a dataset under a name, see below; may be given more than once",
  ).argParser(collectDatasets);
}

/** What the help of a command with `--dataset` says about it. */
export const DATASET_HELP = `
A dataset is given as one of
${DATASET_FORMS.map(({ form, meaning }) => `  ${form.padEnd(38)} ${meaning}`).join("\n")}
The classes of a COCO file come in the order of their ids. Without classes, those of a VOC folder are Pascal VOC's
twenty, and that of a Penn-Fudan folder is person. A VOC dataset with 2007 in its name is measured by the rules of
VOC 2007, any other by those of 2012.
The builtin names of detectron2's configs, such as coco_2017_train, need no --dataset: they are looked for in the folder
of the environment variable DETECTRON2_DATASETS (default: datasets).`;

function collectDatasets(text: string, previous: readonly DatasetSpec[] = []): DatasetSpec[] {
  const spec = parseDatasetSpec(text);
  if (spec === undefined) {
    const forms = DATASET_FORMS.map(({ form }) => form);
    throw new InvalidArgumentError(`Wanted ${forms.join(" or ")}.`);
  }
  return [...previous, spec];
}

/** Reads a whole number from 0. */
export function parseWhole(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError("Wanted a whole number from 0.");
  }
  return value;
}
