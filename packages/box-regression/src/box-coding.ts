/*
 * The centre-size coding of boxes (R-CNN, Girshick et al. 2014, appendix C), for boxes (x0, y0, x1, y1). With centre
 * (x, y) and size (w, h), a target t is written relative to a source s as
 *
 *     dx = wx (tx - sx) / sw      dw = ww log(tw / sw)      and likewise in y.
 *
 * Every step is rounded to float32, in detectron2's order, so that boxes agree to the last bit but for exp and log.
 */
const { exp, fround, log, min } = Math;

/** Weights of dx, dy, dw, dh. */
export type BoxWeights = readonly [x: number, y: number, width: number, height: number];

/** The smallest number that keeps `exp(dw)` from growing a box more than 1000/16 times. */
export const DEFAULT_SCALE_CLAMP = Math.log(1000 / 16);

/** Writes the coding of one target box relative to one source box; all four sides must be of positive length. */
export function encodeBox(
  sources: Float32Array,
  sourceOffset: number,
  targets: Float32Array,
  targetOffset: number,
  [weightX, weightY, weightWidth, weightHeight]: Float32Array,
  deltas: Float32Array,
  deltaOffset: number,
): void {
  const sourceX0 = sources[sourceOffset];
  const sourceY0 = sources[sourceOffset + 1];
  const sourceWidth = fround(sources[sourceOffset + 2] - sourceX0);
  const sourceHeight = fround(sources[sourceOffset + 3] - sourceY0);
  const targetX0 = targets[targetOffset];
  const targetY0 = targets[targetOffset + 1];
  const targetWidth = fround(targets[targetOffset + 2] - targetX0);
  const targetHeight = fround(targets[targetOffset + 3] - targetY0);
  const shiftX = fround(center(targetX0, targetWidth) - center(sourceX0, sourceWidth));
  const shiftY = fround(center(targetY0, targetHeight) - center(sourceY0, sourceHeight));

  deltas[deltaOffset] = fround(weightX * shiftX) / sourceWidth;
  deltas[deltaOffset + 1] = fround(weightY * shiftY) / sourceHeight;
  deltas[deltaOffset + 2] = weightWidth * fround(log(fround(targetWidth / sourceWidth)));
  deltas[deltaOffset + 3] = weightHeight * fround(log(fround(targetHeight / sourceHeight)));
}

/** Writes the box that deltas describe relative to a source box. dw and dh are cut at `scaleClamp` from above. */
export function decodeBox(
  deltas: Float32Array,
  deltaOffset: number,
  boxes: Float32Array,
  boxOffset: number,
  weights: Float32Array,
  scaleClamp: number,
  out: Float32Array,
  outOffset: number,
): void {
  const x0 = boxes[boxOffset];
  const y0 = boxes[boxOffset + 1];
  const width = fround(boxes[boxOffset + 2] - x0);
  const height = fround(boxes[boxOffset + 3] - y0);
  const dx = fround(deltas[deltaOffset] / weights[0]);
  const dy = fround(deltas[deltaOffset + 1] / weights[1]);
  const dw = min(fround(deltas[deltaOffset + 2] / weights[2]), scaleClamp);
  const dh = min(fround(deltas[deltaOffset + 3] / weights[3]), scaleClamp);

  const x = fround(fround(dx * width) + center(x0, width));
  const y = fround(fround(dy * height) + center(y0, height));
  const halfWidth = fround(0.5 * fround(fround(exp(dw)) * width));
  const halfHeight = fround(0.5 * fround(fround(exp(dh)) * height));
  out[outOffset] = x - halfWidth;
  out[outOffset + 1] = y - halfHeight;
  out[outOffset + 2] = x + halfWidth;
  out[outOffset + 3] = y + halfHeight;
}

function center(start: number, length: number): number {
  return fround(start + fround(0.5 * length));
}
