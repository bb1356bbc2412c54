import { EventImageError } from "./errors.ts";

/**
 * An image of shape `[channels, height, width]`, RGB or grey: `Uint8Array` of 0 to 255, or floats of 0 to 1. An
 * `NdArray` of these is one; without `stride` the values are row-major.
 */
export interface EventImage {
  readonly data: Uint8Array | Uint8ClampedArray | Float32Array | Float64Array;
  readonly shape: readonly number[];
  readonly stride?: readonly number[];
  readonly offset?: number;
}

/** Interleaved 8-bit pixels, row by row. */
export interface Pixels {
  readonly height: number;
  readonly width: number;
  /** 1 (grey) or 3 (RGB). */
  readonly channels: number;
  readonly data: Uint8Array;
}

/** Copies an image into 8-bit pixels. Floats are scaled by 255, clipped and truncated, as PyTorch's writer does. */
export function toPixels(name: string, image: EventImage): Pixels {
  const [channels, height, width] = image.shape;
  if (image.shape.length !== 3 || !(channels === 1 || channels === 3)) {
    const got = image.shape.join(", ");
    throw new EventImageError(name, `has to be [1 or 3, height, width], got [${got}]`);
  }
  const [strideC, strideY, strideX] = image.stride ?? [height * width, width, 1];
  const offset = image.offset ?? 0;
  if (height < 1 || width < 1) throw new EventImageError(name, `is empty: ${height}×${width}`);
  const last = (channels - 1) * strideC + (height - 1) * strideY + (width - 1) * strideX;
  if (offset + last >= image.data.length) {
    const detail = `needs ${offset + last + 1} values for its shape, got ${image.data.length}`;
    throw new EventImageError(name, detail);
  }
  const scale = image.data instanceof Float32Array || image.data instanceof Float64Array ? 255 : 1;
  const data = new Uint8Array(height * width * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const value = image.data[offset + c * strideC + y * strideY + x * strideX] * scale;
        data[to++] = Math.min(Math.max(value, 0), 255);
      }
    }
  }
  return { height, width, channels, data };
}
