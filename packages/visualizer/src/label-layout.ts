/** A rectangle in image pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The size of the image or of a label. */
export type Extent = Pick<Rectangle, "width" | "height">;

/**
 * Picks the place of a label near its object: above the box's left corner, inside the box or below it; beside it when the
 * object is so small that the label would hide it. The result lies inside the image wherever it fits, and clear of earlier
 * labels where a candidate is.
 *
 * @param anchor The object's box.
 * @param beside Whether the object is small.
 * @param placed Labels that are placed already.
 */
export function placeLabel(
  label: Extent,
  anchor: Rectangle,
  beside: boolean,
  image: Extent,
  placed: readonly Rectangle[],
): Rectangle {
  const { x, y, width, height } = anchor;
  const above = { x, y: y - label.height };
  const within = { x, y };
  const below = { x, y: y + height };
  const right = { x: x + width, y };
  const left = { x: x - label.width, y };
  const aboveRight = { x: x + width - label.width, y: y - label.height };
  const belowRight = { x: x + width - label.width, y: y + height };
  const candidates = beside
    ? [right, left, above, below, aboveRight, belowRight]
    : [above, aboveRight, within, below, belowRight];

  let best: Rectangle | undefined;
  let leastCost = Infinity;
  for (const candidate of candidates) {
    const rectangle: Rectangle = {
      x: clamp(candidate.x, 0, image.width - label.width),
      y: clamp(candidate.y, 0, image.height - label.height),
      width: label.width,
      height: label.height,
    };
    // Covering another label is worst; being pushed back into the image makes a label cover its own object.
    const pushed = Math.abs(rectangle.x - candidate.x) + Math.abs(rectangle.y - candidate.y);
    const covered = placed.reduce((area, other) => area + overlap(rectangle, other), 0);
    const cost = covered + 0.25 * pushed * label.height;
    if (cost < leastCost) {
      leastCost = cost;
      best = rectangle;
    }
  }
  return best!;
}

/** The middle of the image wins over its far border when a label is wider than the image. */
function clamp(value: number, least: number, greatest: number): number {
  return Math.max(least, Math.min(value, greatest));
}

function overlap(a: Rectangle, b: Rectangle): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}
