import sharp from "sharp";

/** Packed RGB pixels that differ everywhere. */
export function rgbPixels(height: number, width: number): Uint8Array {
  return Uint8Array.from({ length: height * width * 3 }, (_, i) => (i * 37 + 11) % 256);
}

/** An encoder of raw pixels, for files that the package itself does not write. */
export function encoder(
  pixels: Uint8Array | Uint16Array,
  height: number,
  width: number,
  channels: 1 | 2 | 3 | 4,
): sharp.Sharp {
  return sharp(pixels, { raw: { height, width, channels } });
}
