import { InvalidArgumentError, Option } from "commander";

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
