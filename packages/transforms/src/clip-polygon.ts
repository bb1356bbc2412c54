/** Left, top, right, bottom. */
export type Rectangle = readonly [x0: number, y0: number, x1: number, y1: number];

/**
 * The parts of a polygon inside a rectangle, the insides being those of the even-odd rule. Parts without area are dropped.
 *
 * The rectangle is the intersection of four half-planes, and each of them is cut off in turn.
 */
export function clipPolygon(polygon: Float64Array, [x0, y0, x1, y1]: Rectangle): Float64Array[] {
  let parts = [polygon];
  for (const [axis, bound, sign] of [
    [0, x0, 1],
    [0, x1, -1],
    [1, y0, 1],
    [1, y1, -1],
  ] as const) {
    parts = parts.flatMap((part) => clipToHalfPlane(part, axis, bound, sign));
  }
  return parts;
}

/** A stretch of the outline inside the half-plane, from where it crosses the border inward to where it crosses back. */
interface Chain {
  /** x and y in turn, both crossings included. */
  readonly points: number[];
  /** Where along the border it comes in. */
  readonly enters: number;
  /** Where along the border it goes out. */
  exits: number;
}

/**
 * The part of a polygon where `sign · (coordinate - bound)` is positive.
 *
 * Along the border, the crossings of the outline bound the polygon's inside alternately: between the first and the second
 * it is inside, between the second and the third outside, and so on. So the chains between crossings are joined along the
 * border from the end of one to the start of its neighbour in the same interval, and close to as many parts as there are.
 */
function clipToHalfPlane(
  polygon: Float64Array,
  axis: 0 | 1,
  bound: number,
  sign: 1 | -1,
): Float64Array[] {
  const count = polygon.length / 2;
  const depth = (corner: number): number => sign * (polygon[2 * (corner % count) + axis] - bound);
  let entry = -1;
  let anyOutside = false;
  for (let corner = 0; corner < count; corner++) {
    if (depth(corner) > 0) continue;
    anyOutside = true;
    if (depth(corner + 1) > 0) entry = corner;
  }
  if (!anyOutside) return [polygon];
  if (entry < 0) return [];

  const chains: Chain[] = [];
  for (let corner = entry; corner < entry + count; corner++) {
    const from = depth(corner);
    const to = depth(corner + 1);
    const inward = from <= 0 && to > 0;
    const outward = from > 0 && to <= 0;
    if (inward || outward) {
      const share = from / (from - to);
      const [a, b] = [2 * (corner % count), 2 * ((corner + 1) % count)];
      const position =
        polygon[a + 1 - axis] + share * (polygon[b + 1 - axis] - polygon[a + 1 - axis]);
      const crossing = axis === 0 ? [bound, position] : [position, bound];
      if (inward) {
        chains.push({ points: crossing, enters: position, exits: position });
      } else {
        const chain = chains[chains.length - 1];
        chain.points.push(...crossing);
        chain.exits = position;
      }
    }
    if (to > 0) {
      const next = 2 * ((corner + 1) % count);
      chains[chains.length - 1].points.push(polygon[next], polygon[next + 1]);
    }
  }
  return joinChains(chains)
    .map((points) => Float64Array.from(points))
    .filter((part) => part.length >= 6 && doubledArea(part) !== 0);
}

/** Joins chains along the border to closed outlines. */
function joinChains(chains: readonly Chain[]): number[][] {
  const successor = successors(chains);
  const outlines: number[][] = [];
  const used = new Uint8Array(chains.length);
  for (let start = 0; start < chains.length; start++) {
    const outline: number[] = [];
    for (let at = start; !used[at]; at = successor[at]) {
      used[at] = 1;
      outline.push(...chains[at].points);
    }
    if (outline.length > 0) outlines.push(outline);
  }
  return outlines;
}

/** For each chain, the one that starts where its inside interval of the border ends. */
function successors(chains: readonly Chain[]): number[] {
  const crossings = chains
    .flatMap(({ enters, exits }, chain) => [
      { chain, position: enters, enters: true },
      { chain, position: exits, enters: false },
    ])
    .sort((a, b) => a.position - b.position);
  const successor = new Array<number>(chains.length);
  for (let i = 0; i < crossings.length; i += 2) {
    const [first, second] = [crossings[i], crossings[i + 1]];
    if (first.enters === second.enters) {
      // Only an outline that crosses itself does this. Then each chain is followed by the next of the outline: the parts
      // hang together by edges that run forth and back along the border, which the even-odd rule does not see.
      return chains.map((_, chain) => (chain + 1) % chains.length);
    }
    if (first.enters) successor[second.chain] = first.chain;
    else successor[first.chain] = second.chain;
  }
  return successor;
}

/** Shoelace formula. */
function doubledArea(polygon: Float64Array): number {
  let doubled = 0;
  for (let i = 0; i < polygon.length; i += 2) {
    const next = (i + 2) % polygon.length;
    doubled += polygon[i] * polygon[next + 1] - polygon[next] * polygon[i + 1];
  }
  return doubled;
}
