import { maximum, minimum, type Tensor } from "@detectron-ts/tensor";
import { LayerShapeError } from "../errors.ts";
import { type Reduction, reduceLoss } from "./reduction.ts";

/** Options of {@link giouLoss}, {@link diouLoss} and {@link ciouLoss}. */
export interface IouLossOptions {
  /** `"none"` when left out. */
  readonly reduction?: Reduction;
  /** Keeps divisions by an empty union or hull finite; 1e-7 when left out. */
  readonly eps?: number;
}

/**
 * Generalised IoU loss ("Generalized Intersection over Union", Rezatofighi et al. 2019):
 * `1 - IoU + (|hull| - |union|) / |hull|`, the hull being the smallest box around both.
 * Mirrors `fvcore.nn.giou_loss`.
 *
 * @param boxes1 - …×4: x0, y0, x1, y1, with `x1 ≥ x0` and `y1 ≥ y0`, float32.
 * @param boxes2 - boxes of that shape.
 * @returns a loss for each pair, reduced as asked.
 * @throws LayerShapeError when the shapes differ or their last axis is not 4.
 */
export function giouLoss(
  boxes1: Tensor,
  boxes2: Tensor,
  { reduction = "none", eps = 1e-7 }: IouLossOptions = {},
): Tensor {
  const { intersection, union, hull } = overlap("giouLoss", boxes1, boxes2);
  const iou = intersection.div(union.add(eps));
  const hullArea = area(hull);
  const emptyPart = hullArea.sub(union).div(hullArea.add(eps));
  return reduceLoss(iou.neg().add(1).add(emptyPart), reduction);
}

/**
 * Distance IoU loss ("Distance-IoU Loss", Zheng et al. 2020, eq. 7): `1 - IoU + ρ²/c²`, with ρ the
 * distance of the centres and c the diagonal of the smallest box around both.
 * Mirrors `detectron2.layers.diou_loss`; arguments as {@link giouLoss}.
 */
export function diouLoss(
  boxes1: Tensor,
  boxes2: Tensor,
  { reduction = "none", eps = 1e-7 }: IouLossOptions = {},
): Tensor {
  const { iou, distance } = iouAndDistance("diouLoss", boxes1, boxes2, eps);
  return reduceLoss(iou.neg().add(1).add(distance), reduction);
}

/**
 * Complete IoU loss ("Distance-IoU Loss", eq. 10): the distance IoU loss plus `α·v`, where `v` compares
 * aspect ratios, `4/π² · (arctan(w₂/h₂) - arctan(w₁/h₁))²`, and `α = v / (1 - IoU + v)` takes no part in
 * the gradient. Mirrors `detectron2.layers.ciou_loss`; arguments as {@link giouLoss}.
 */
export function ciouLoss(
  boxes1: Tensor,
  boxes2: Tensor,
  { reduction = "none", eps = 1e-7 }: IouLossOptions = {},
): Tensor {
  const { iou, distance, sides1, sides2 } = iouAndDistance("ciouLoss", boxes1, boxes2, eps);
  const v = diagonalAngle(sides2)
    .sub(diagonalAngle(sides1))
    .square()
    .mul(4 / Math.PI ** 2);
  const alpha = v.div(iou.neg().add(1).add(v).add(eps)).detach();
  return reduceLoss(iou.neg().add(1).add(distance).add(alpha.mul(v)), reduction);
}

/** Corners of boxes, each …×1. */
interface Corners {
  readonly x0: Tensor;
  readonly y0: Tensor;
  readonly x1: Tensor;
  readonly y1: Tensor;
}

interface Sides {
  readonly width: Tensor;
  readonly height: Tensor;
}

function cornersOf(boxes: Tensor): Corners {
  const axis = boxes.rank - 1;
  return {
    x0: boxes.select(axis, 0),
    y0: boxes.select(axis, 1),
    x1: boxes.select(axis, 2),
    y1: boxes.select(axis, 3),
  };
}

function sidesOf({ x0, y0, x1, y1 }: Corners): Sides {
  return { width: x1.sub(x0), height: y1.sub(y0) };
}

function area(corners: Corners): Tensor {
  const { width, height } = sidesOf(corners);
  return width.mul(height);
}

function overlap(layer: string, boxes1: Tensor, boxes2: Tensor) {
  if (boxes1.shape.at(-1) !== 4) throw new LayerShapeError(layer, "boxes1", boxes1.shape, "[…, 4]");
  if (boxes1.shape.join() !== boxes2.shape.join()) {
    throw new LayerShapeError(layer, "boxes2", boxes2.shape, `[${boxes1.shape.join(", ")}]`);
  }
  const corners1 = cornersOf(boxes1);
  const corners2 = cornersOf(boxes2);
  const shared = sidesOf({
    x0: maximum(corners1.x0, corners2.x0),
    y0: maximum(corners1.y0, corners2.y0),
    x1: minimum(corners1.x1, corners2.x1),
    y1: minimum(corners1.y1, corners2.y1),
  });
  const intersection = shared.width.relu().mul(shared.height.relu());
  const hull: Corners = {
    x0: minimum(corners1.x0, corners2.x0),
    y0: minimum(corners1.y0, corners2.y0),
    x1: maximum(corners1.x1, corners2.x1),
    y1: maximum(corners1.y1, corners2.y1),
  };
  const union = area(corners1).add(area(corners2)).sub(intersection);
  return { corners1, corners2, intersection, union, hull };
}

function iouAndDistance(layer: string, boxes1: Tensor, boxes2: Tensor, eps: number) {
  const { corners1, corners2, intersection, union, hull } = overlap(layer, boxes1, boxes2);
  const iou = intersection.div(union.add(eps));
  const diagonal = sidesOf(hull);
  // Twice the distance of the centres along each axis.
  const alongX = corners1.x0.add(corners1.x1).sub(corners2.x0).sub(corners2.x1);
  const alongY = corners1.y0.add(corners1.y1).sub(corners2.y0).sub(corners2.y1);
  const squaredDistance = alongX.square().add(alongY.square()).mul(0.25);
  const squaredDiagonal = diagonal.width.square().add(diagonal.height.square()).add(eps);
  const distance = squaredDistance.div(squaredDiagonal);
  return { iou, distance, sides1: sidesOf(corners1), sides2: sidesOf(corners2) };
}

/** Angle between a box's vertical side and its diagonal. */
function diagonalAngle({ width, height }: Sides): Tensor {
  return width.div(height).atan();
}
