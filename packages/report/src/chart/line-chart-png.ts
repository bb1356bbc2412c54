import { createRequire } from "node:module";

import { lineChart, type LineChartOptions } from "./line-chart.ts";

/** The family that pictures are set in: the alias keeps it apart from a font of the same name on the machine. */
const FONT_FAMILY = "detectron-ts chart";

let fontRegistered = false;

/**
 * Draws a chart as {@link lineChart} does, as the bytes of a PNG file.
 *
 * Its font comes with this package's dependencies: containers often have none.
 *
 * @param scale Pixels of the picture to one of the chart's; 2 when left out, for sharp text on most screens.
 */
export async function lineChartPng(
  options: LineChartOptions & { readonly scale?: number },
): Promise<Uint8Array> {
  // Pages don't need it: what only writes them doesn't load a drawing library.
  const { GlobalFonts, createCanvas, loadImage } = await import("@napi-rs/canvas");
  if (!fontRegistered) {
    const path = createRequire(import.meta.url).resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf");
    GlobalFonts.registerFromPath(path, FONT_FAMILY);
    fontRegistered = true;
  }
  const { scale = 2, ...chart } = options;
  const image = await loadImage(Buffer.from(lineChart({ ...chart, fontFamily: FONT_FAMILY })));
  const width = Math.round(image.width * scale);
  const height = Math.round(image.height * scale);
  const canvas = createCanvas(width, height);
  canvas.getContext("2d").drawImage(image, 0, 0, width, height);
  return canvas.encode("png");
}
