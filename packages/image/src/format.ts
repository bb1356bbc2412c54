/** Order of the channels of an image array: `"RGB"` and `"BGR"` are H×W×3, `"L"` (luma) is H×W×1. */
export type ImageFormat = "RGB" | "BGR" | "L";

/** Swaps the first and the third channel of packed three-channel pixels in place. */
export function swapRedAndBlue(pixels: Uint8Array): void {
  for (let i = 0; i < pixels.length; i += 3) {
    const red = pixels[i];
    pixels[i] = pixels[i + 2];
    pixels[i + 2] = red;
  }
}

/**
 * Luma of packed RGB pixels by ITU-R 601-2: 0.299 R + 0.587 G + 0.114 B, in Pillow's 16-bit fixed point. Gray stays what
 * it was.
 */
export function lumaFromRgb(pixels: Uint8Array): Uint8Array {
  const luma = new Uint8Array(pixels.length / 3);
  for (let i = 0, from = 0; i < luma.length; i++, from += 3) {
    const sum = pixels[from] * 19595 + pixels[from + 1] * 38470 + pixels[from + 2] * 7471;
    luma[i] = (sum + 0x8000) >> 16;
  }
  return luma;
}

/**
 * RGB of packed CMYK pixels as Pillow converts them, without colour management: each primary is
 * (255 - K) · (255 - ink) / 255 in rounded bytes.
 */
export function rgbFromCmyk(pixels: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((pixels.length / 4) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    const light = 255 - pixels[from + 3];
    for (let c = 0; c < 3; c++) rgb[to + c] = light - Math.round((pixels[from + c] * light) / 255);
  }
  return rgb;
}
