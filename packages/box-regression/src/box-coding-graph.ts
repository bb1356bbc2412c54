import { cat, type Tensor } from "@detectron-ts/tensor";

import type { BoxWeights } from "./box-coding.ts";

/*
 * The coding of box-coding.ts as lazy, differentiable operations. Coordinates stay in columns of length 1 so that a box
 * meets its k groups of deltas by broadcasting, whatever the sizes.
 */

interface CenterSize {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly width: Tensor;
  readonly height: Tensor;
}

/** N×4 deltas of target boxes relative to source boxes, both N×4. */
export function encodeBoxes(sources: Tensor, targets: Tensor, weights: BoxWeights): Tensor {
  const source = toCenterSize(sources);
  const target = toCenterSize(targets);
  return cat(
    [
      target.x.sub(source.x).mul(weights[0]).div(source.width),
      target.y.sub(source.y).mul(weights[1]).div(source.height),
      target.width.div(source.width).log().mul(weights[2]),
      target.height.div(source.height).log().mul(weights[3]),
    ],
    1,
  );
}

/** N×4k boxes that N×4k deltas describe relative to N×4 boxes. */
export function decodeBoxes(
  deltas: Tensor,
  boxes: Tensor,
  weights: BoxWeights,
  scaleClamp: number,
): Tensor {
  const groups = deltas.shape[1] / 4;
  const [dx, dy, dw, dh] = columns(deltas.reshape([-1, groups, 4]));
  const source = toCenterSize(boxes.unsqueeze(1));
  const x = dx.div(weights[0]).mul(source.width).add(source.x);
  const y = dy.div(weights[1]).mul(source.height).add(source.y);
  const halfWidth = dw.div(weights[2]).clamp({ max: scaleClamp }).exp().mul(source.width).mul(0.5);
  const halfHeight = dh
    .div(weights[3])
    .clamp({ max: scaleClamp })
    .exp()
    .mul(source.height)
    .mul(0.5);
  const corners = [x.sub(halfWidth), y.sub(halfHeight), x.add(halfWidth), y.add(halfHeight)];
  return cat(corners, 2).reshape([-1, 4 * groups]);
}

function toCenterSize(boxes: Tensor): CenterSize {
  const [x0, y0, x1, y1] = columns(boxes);
  const width = x1.sub(x0);
  const height = y1.sub(y0);
  return { x: x0.add(width.mul(0.5)), y: y0.add(height.mul(0.5)), width, height };
}

/** The four numbers of the last axis, which stays with length 1. */
function columns(values: Tensor): [Tensor, Tensor, Tensor, Tensor] {
  const axis = values.rank - 1;
  return [
    values.slice(axis, 0, 1),
    values.slice(axis, 1, 2),
    values.slice(axis, 2, 3),
    values.slice(axis, 3, 4),
  ];
}
