import { TransformOptionError } from "../errors.ts";

/** @throws TransformOptionError unless the value lies from 0 to 1. */
export function checkedProbability(option: string, value: number): number {
  if (!(value >= 0 && value <= 1)) {
    throw new TransformOptionError(option, value, "a share from 0 to 1");
  }
  return value;
}
