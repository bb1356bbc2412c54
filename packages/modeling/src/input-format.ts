import type { Config } from "@detectron-ts/config";
import { OptionError } from "@detectron-ts/layers";

/** Orders that the channels of a model's images can have. */
export const INPUT_FORMATS = ["RGB", "BGR"] as const;

/** One of {@link INPUT_FORMATS}. */
export type InputFormat = (typeof INPUT_FORMATS)[number];

/**
 * INPUT.FORMAT of a config.
 *
 * @throws {@link OptionError} for one that images are not read in: it would be taken for the other.
 */
export function inputFormat(cfg: Config): InputFormat {
  const format = INPUT_FORMATS.find((known) => known === cfg.INPUT.FORMAT);
  if (format === undefined) {
    throw new OptionError("INPUT.FORMAT", cfg.INPUT.FORMAT, INPUT_FORMATS.join(" or "));
  }
  return format;
}
