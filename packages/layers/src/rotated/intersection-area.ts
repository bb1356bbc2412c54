import { hullArea } from "./hull-area.ts";
import { createPoints, cross, dot, type Points } from "./points.ts";

const { fround } = Math;

/** How far, as a share of a side, edges may miss each other and still meet. One point too many does no harm. */
const TOLERANCE = 1e-5;

/** Edges whose cross product is no larger than this are parallel. */
const PARALLEL = 1e-14;

// 16 pairs of edges and twice 4 corners. One pair of rectangles is worked on at a time, in the same memory.
const corners = createPoints(24);
const edges1 = createPoints(4);
const edges2 = createPoints(4);

/**
 * Area that two rectangles have in common, each given by its four corners one after the other. Its outline is the convex
 * hull of the points where edges meet and of the corners that lie inside the other rectangle. Mirrors
 * `rotated_boxes_intersection` of detectron2's rotated IoU, float32 rounding included.
 */
export function intersectionArea(corners1: Points, corners2: Points): number {
  setEdges(edges1, corners1);
  setEdges(edges2, corners2);
  let count = addCrossings(corners1, corners2, 0);
  count = addCornersInside(corners1, corners2, edges2, count);
  count = addCornersInside(corners2, corners1, edges1, count);
  return count <= 2 ? 0 : hullArea(corners, count);
}

function setEdges(edges: Points, { x, y }: Points): void {
  for (let i = 0; i < 4; i++) {
    const next = (i + 1) & 3;
    edges.x[i] = x[next] - x[i];
    edges.y[i] = y[next] - y[i];
  }
}

/**
 * Points where edges of the two rectangles meet. With edges p₁ + t₁ v₁ and p₂ + t₂ v₂, both t from 0 to 1, and d = p₂ - p₁:
 * t₁ = (v₂ × d) / (v₂ × v₁) and t₂ = (v₁ × d) / (v₂ × v₁).
 */
function addCrossings(corners1: Points, corners2: Points, start: number): number {
  let count = start;
  for (let i = 0; i < 4; i++) {
    const x1 = corners1.x[i];
    const y1 = corners1.y[i];
    const edgeX1 = edges1.x[i];
    const edgeY1 = edges1.y[i];
    for (let j = 0; j < 4; j++) {
      const edgeX2 = edges2.x[j];
      const edgeY2 = edges2.y[j];
      const determinant = cross(edgeX2, edgeY2, edgeX1, edgeY1);
      if (Math.abs(determinant) <= PARALLEL) continue;
      const dx = fround(corners2.x[j] - x1);
      const dy = fround(corners2.y[j] - y1);
      const t1 = fround(cross(edgeX2, edgeY2, dx, dy) / determinant);
      if (!isWithinEdge(t1)) continue;
      const t2 = fround(cross(edgeX1, edgeY1, dx, dy) / determinant);
      if (!isWithinEdge(t2)) continue;
      corners.x[count] = x1 + fround(edgeX1 * t1);
      corners.y[count] = y1 + fround(edgeY1 * t1);
      count++;
    }
  }
  return count;
}

function isWithinEdge(t: number): boolean {
  return t > -TOLERANCE && t < 1 + TOLERANCE;
}

/**
 * Corners that lie inside another rectangle ABCD: those whose projections on AB and AD lie within these sides. DA is the
 * last of its edges, hence the minus.
 */
function addCornersInside(
  { x, y }: Points,
  other: Points,
  otherEdges: Points,
  start: number,
): number {
  const abX = otherEdges.x[0];
  const abY = otherEdges.y[0];
  const daX = otherEdges.x[3];
  const daY = otherEdges.y[3];
  const farB = dot(abX, abY, abX, abY) + TOLERANCE;
  const farD = dot(daX, daY, daX, daY) + TOLERANCE;
  let count = start;
  for (let i = 0; i < 4; i++) {
    const apX = fround(x[i] - other.x[0]);
    const apY = fround(y[i] - other.y[0]);
    const alongAB = dot(apX, apY, abX, abY);
    const alongAD = -dot(apX, apY, daX, daY);
    if (alongAB > -TOLERANCE && alongAD > -TOLERANCE && alongAB < farB && alongAD < farD) {
      corners.x[count] = x[i];
      corners.y[count] = y[i];
      count++;
    }
  }
  return count;
}
