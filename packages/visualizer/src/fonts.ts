import { createRequire } from "node:module";
import { GlobalFonts } from "@napi-rs/canvas";

/** The family that labels are set in. */
const FONT_FAMILY = "detectron-ts DejaVu Sans";

let registered = false;

/**
 * A CSS font of the given size. The font comes with this package's dependencies, because containers often have none; the
 * alias keeps it apart from a font of the same name on the machine.
 */
export function labelFont(size: number): string {
  if (!registered) {
    const path = createRequire(import.meta.url).resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf");
    GlobalFonts.registerFromPath(path, FONT_FAMILY);
    registered = true;
  }
  return `${size}px "${FONT_FAMILY}"`;
}
