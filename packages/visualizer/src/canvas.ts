import { createCanvas, type SKRSContext2D } from "@napi-rs/canvas";
import type { NdArray } from "ndarray";

/** A canvas that shows the image and draws in the image's coordinates. */
export function canvasOf(image: NdArray<Uint8Array>, scale: number): SKRSContext2D {
  const [height, width] = image.shape;
  const original = createCanvas(width, height);
  const pixels = original.getContext("2d").createImageData(width, height);
  const { data, stride, offset } = image;
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = offset + y * stride[0] + x * stride[1];
      pixels.data[to++] = data[from];
      pixels.data[to++] = data[from + stride[2]];
      pixels.data[to++] = data[from + 2 * stride[2]];
      pixels.data[to++] = 255;
    }
  }
  original.getContext("2d").putImageData(pixels, 0, 0);
  if (scale === 1) return original.getContext("2d");

  const scaled = createCanvas(Math.round(width * scale), Math.round(height * scale));
  const context = scaled.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(original, 0, 0, scaled.width, scaled.height);
  context.scale(scale, scale);
  return context;
}
