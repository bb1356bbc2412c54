import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ndarray, { type NdArray } from "ndarray";
import type { Metadata, Sharp, SharpOptions } from "sharp";

import {
  CorruptImageError,
  ImageNotFoundError,
  ImageTooLargeError,
  NotAnImageError,
} from "./errors.ts";
import { lumaFromRgb, rgbFromCmyk, swapRedAndBlue, type ImageFormat } from "./format.ts";
import { loadSharp } from "./sharp.ts";

/** Where an image comes from: a path, a `file:` URL, or a whole encoded file in memory. */
export type ImageSource = string | URL | Uint8Array;

/** Options of {@link readImage}. */
export interface ReadImageOptions {
  /** Channel order of the result, `"RGB"` by default. */
  readonly format?: ImageFormat;
  /** Most pixels to decode, {@link DEFAULT_MAX_PIXELS} by default. Checked before anything of that size is allocated. */
  readonly maxPixels?: number;
}

/** The number of pixels above which Pillow, too, takes an image for an attack: half a gigabyte of RGB. */
export const DEFAULT_MAX_PIXELS = 178_956_970;

/** The formats that are read; others that the decoder knows (SVG, PDF) are documents, not images of a fixed size. */
const READ_FORMATS: ReadonlySet<string> = new Set(["jpeg", "png", "webp", "gif", "tiff", "heif"]);

/**
 * Reads an image to the bytes that detectron2's `read_image` gets from Pillow: EXIF orientation applied, alpha dropped,
 * palettes and gray expanded, colour profiles ignored.
 *
 * @returns Height × width × 3 bytes, or × 1 for format `"L"`, row-major.
 * @throws ImageNotFoundError, NotAnImageError, CorruptImageError (truncated files included) or ImageTooLargeError.
 */
export async function readImage(
  source: ImageSource,
  { format = "RGB", maxPixels = DEFAULT_MAX_PIXELS }: ReadImageOptions = {},
): Promise<NdArray<Uint8Array>> {
  const { pixels, height, width } = await decodeRgb(await openImage(source, maxPixels));
  if (format === "L") return ndarray(lumaFromRgb(pixels), [height, width, 1]);
  if (format === "BGR") swapRedAndBlue(pixels);
  return ndarray(pixels, [height, width, 3]);
}

/** An encoded image of a format that is read, not decoded yet. */
export interface OpenImage {
  /** For messages. */
  readonly name: string;
  /** Colour space of the file, as libvips names it. */
  readonly space: string;
  readonly channels: number;
  /** Starts a pipeline that decodes the image, upright and with its own colours. */
  readonly decoder: () => Sharp;
}

/**
 * Reads the header of an image.
 *
 * @throws as {@link readImage}.
 */
export async function openImage(source: ImageSource, maxPixels: number): Promise<OpenImage> {
  const name = sourceName(source);
  const bytes = await readBytes(source, name);
  if (bytes.length === 0) throw new NotAnImageError(name);
  const sharp = await loadSharp();
  const options: SharpOptions = {
    autoOrient: true,
    failOn: "truncated",
    ignoreIcc: true,
    limitInputPixels: false, // checked below, with an error that tells the numbers
  };
  let metadata: Metadata;
  try {
    metadata = await sharp(bytes, options).metadata();
  } catch (cause) {
    const reason = messageOf(cause);
    if (reason.includes("unsupported image format")) {
      throw new NotAnImageError(name, undefined, { cause });
    }
    throw new CorruptImageError(name, reason, { cause });
  }
  const { format, width, height, space, channels } = metadata;
  if (!READ_FORMATS.has(format)) throw new NotAnImageError(name, format);
  if (width * height > maxPixels) throw new ImageTooLargeError(name, width, height, maxPixels);
  return { name, space, channels, decoder: () => sharp(bytes, options) };
}

function sourceName(source: ImageSource): string {
  if (source instanceof Uint8Array) return "<buffer>";
  return source instanceof URL ? fileURLToPath(source) : source;
}

async function readBytes(source: ImageSource, name: string): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  try {
    return await readFile(source);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") throw new ImageNotFoundError(name, { cause });
    if (code === "EISDIR") throw new NotAnImageError(name, "directory", { cause });
    throw cause;
  }
}

interface RgbPixels {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

async function decodeRgb({ name, space, decoder }: OpenImage): Promise<RgbPixels> {
  // Inks stay inks until rgbFromCmyk: the decoder's own conversion is colour-managed, Pillow's is not.
  const pipeline =
    space === "cmyk"
      ? decoder().pipelineColourspace("cmyk").toColourspace("cmyk")
      : decoder().toColourspace("srgb").removeAlpha();
  try {
    const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return {
      pixels: space === "cmyk" ? rgbFromCmyk(raw) : raw,
      height: info.height,
      width: info.width,
    };
  } catch (cause) {
    throw new CorruptImageError(name, messageOf(cause), { cause });
  }
}

/** What a decoder said. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
