/** A point of a chart; a `y` that isn't finite is a gap. */
export interface ChartPoint {
  readonly x: number;
  readonly y: number;
}

/**
 * Leaves out points that no eye could tell apart: of every run of neighbours, the lowest and the highest stay, in their
 * order, and so do gaps. Peaks are kept, which picking every n-th point would lose.
 *
 * @param limit About how many points are left; fewer points than that stay as they are.
 */
export function thin<P extends ChartPoint>(points: readonly P[], limit: number): readonly P[] {
  if (points.length <= limit) return points;
  const size = Math.ceil((2 * points.length) / limit);
  const kept: P[] = [];
  for (let start = 0; start < points.length; start += size) {
    const run = points.slice(start, start + size);
    const finite = run.filter(({ y }) => Number.isFinite(y));
    const gap = run.find(({ y }) => !Number.isFinite(y));
    const lowest = finite.reduce((a, b) => (b.y < a.y ? b : a), finite[0]);
    const highest = finite.reduce((a, b) => (b.y > a.y ? b : a), finite[0]);
    kept.push(...run.filter((point) => point === lowest || point === highest || point === gap));
  }
  return kept;
}
