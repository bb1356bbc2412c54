import { textWidth } from "./text-width.ts";

/** The places of a legend's entries. */
export interface Legend {
  /** Of all rows; 0 without entries. */
  readonly height: number;
  readonly entries: readonly { readonly x: number; readonly y: number; readonly label: string }[];
}

const ROW_HEIGHT = 18;
/** The line that shows the colour, and the space around it. */
const SWATCH_WIDTH = 22;
const GAP = 16;
const LONGEST_LABEL = 44;

/** Lays entries out in as many rows as the width asks for; long names are cut. */
export function layOutLegend(names: readonly string[], width: number, fontSize: number): Legend {
  let x = 0;
  let row = 0;
  const entries = names.map((name) => {
    const label = name.length > LONGEST_LABEL ? `${name.slice(0, LONGEST_LABEL - 1)}…` : name;
    const entryWidth = SWATCH_WIDTH + textWidth(label, fontSize);
    if (x > 0 && x + entryWidth > width) {
      x = 0;
      row++;
    }
    const entry = { x, y: row * ROW_HEIGHT, label };
    x += entryWidth + GAP;
    return entry;
  });
  return { height: names.length === 0 ? 0 : (row + 1) * ROW_HEIGHT + 8, entries };
}
