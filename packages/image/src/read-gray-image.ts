import ndarray, { type NdArray } from "ndarray";

import { CorruptImageError, NotGrayError } from "./errors.ts";
import {
  DEFAULT_MAX_PIXELS,
  type ImageSource,
  messageOf,
  openImage,
  type ReadImageOptions,
} from "./read-image.ts";

/** Colour spaces of gray images, by the number of bits of a pixel. */
const GRAY_SPACES: ReadonlySet<string> = new Set(["b-w", "grey16"]);

/**
 * Reads an image whose gray values are data rather than light, such as ids of objects: values of 16 bits stay what they are.
 *
 * @returns Height × width, row-major.
 * @throws NotGrayError for an image with colours or with an alpha channel; otherwise as `readImage`.
 */
export async function readGrayImage(
  source: ImageSource,
  { maxPixels = DEFAULT_MAX_PIXELS }: Pick<ReadImageOptions, "maxPixels"> = {},
): Promise<NdArray<Uint8Array | Uint16Array>> {
  const { name, space, channels, decoder } = await openImage(source, maxPixels);
  if (!GRAY_SPACES.has(space) || channels !== 1) throw new NotGrayError(name, space, channels);
  const depth = space === "grey16" ? "ushort" : "uchar";
  try {
    const { data, info } = await decoder()
      .toColourspace(space)
      .raw({ depth })
      .toBuffer({ resolveWithObject: true });
    const bytes = Uint8Array.from(data);
    const values = depth === "ushort" ? new Uint16Array(bytes.buffer) : bytes;
    return ndarray(values, [info.height, info.width]);
  } catch (cause) {
    throw new CorruptImageError(name, messageOf(cause), { cause });
  }
}
