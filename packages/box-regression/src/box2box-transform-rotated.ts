import { cat, type Tensor } from "@detectron-ts/tensor";

import { DEFAULT_SCALE_CLAMP } from "./box-coding.ts";
import { BoxTransform } from "./box-transform.ts";
import { DegenerateBoxError } from "./errors.ts";

const { exp, fround, log, min } = Math;

/** Half a circle, as detectron2 has it where it turns degrees into radians: in float32. */
const PI = fround(Math.PI);

/** Weights of dx, dy, dw, dh, da. */
export type RotatedBoxWeights = readonly [
  x: number,
  y: number,
  width: number,
  height: number,
  angle: number,
];

/** Options of {@link Box2BoxTransformRotated}. */
export interface Box2BoxTransformRotatedOptions {
  /** Weights of dx, dy, dw, dh, da: deltas are multiplied by them when encoded, divided when decoded. */
  readonly weights: RotatedBoxWeights;
  /** Largest dw and dh (after weights) that decoding accepts; {@link DEFAULT_SCALE_CLAMP} by default. */
  readonly scaleClamp?: number;
}

/**
 * Expresses rotated boxes relative to others by centre shift, log size ratio and difference of angles: (dx, dy, dw, dh,
 * da). Boxes are (x, y of the centre, width, height in pixels, degrees counter-clockwise); da is in radians. With angles
 * taken modulo a full circle into [-180°, 180°), target t and source s:
 *
 *     dx = wx (tx - sx) / sw      dw = ww log(tw / sw)      da = wa (tθ - sθ) π / 180      and likewise in y and h.
 *
 * Shifts are along the axes of the image, not of the box. Mirrors
 * `detectron2.modeling.box_regression.Box2BoxTransformRotated`.
 */
export class Box2BoxTransformRotated extends BoxTransform {
  readonly boxDim = 5;
  readonly weights: RotatedBoxWeights;
  readonly scaleClamp: number;
  readonly #weights: Float32Array;
  readonly #scaleClamp: number;
  /** wa π / 180. */
  readonly #weightPerDegree: number;

  constructor({ weights, scaleClamp = DEFAULT_SCALE_CLAMP }: Box2BoxTransformRotatedOptions) {
    super();
    this.weights = weights;
    this.scaleClamp = scaleClamp;
    this.#weights = Float32Array.from(weights);
    this.#scaleClamp = fround(scaleClamp);
    this.#weightPerDegree = fround((weights[4] * Math.PI) / 180);
  }

  override applyDeltasInto(
    deltas: Float32Array,
    deltaOffset: number,
    boxes: Float32Array,
    boxOffset: number,
    out: Float32Array,
    outOffset: number,
  ): void {
    const width = boxes[boxOffset + 2];
    const height = boxes[boxOffset + 3];
    const dx = fround(deltas[deltaOffset] / this.#weights[0]);
    const dy = fround(deltas[deltaOffset + 1] / this.#weights[1]);
    const dw = min(fround(deltas[deltaOffset + 2] / this.#weights[2]), this.#scaleClamp);
    const dh = min(fround(deltas[deltaOffset + 3] / this.#weights[3]), this.#scaleClamp);
    const da = fround(deltas[deltaOffset + 4] / this.#weights[4]);
    out[outOffset] = fround(dx * width) + boxes[boxOffset];
    out[outOffset + 1] = fround(dy * height) + boxes[boxOffset + 1];
    out[outOffset + 2] = fround(exp(dw)) * width;
    out[outOffset + 3] = fround(exp(dh)) * height;
    const turn = fround(fround(da * 180) / PI);
    out[outOffset + 4] = wrapped(fround(turn + boxes[boxOffset + 4]));
  }

  /** @throws {@link DegenerateBoxError} for a source box not wider than 0. */
  protected override getDeltasInto(
    sources: Float32Array,
    sourceOffset: number,
    targets: Float32Array,
    targetOffset: number,
    deltas: Float32Array,
    deltaOffset: number,
  ): void {
    const width = sources[sourceOffset + 2];
    if (!(width > 0)) throw new DegenerateBoxError(sourceOffset / this.boxDim, width);
    const height = sources[sourceOffset + 3];
    const shiftX = fround(targets[targetOffset] - sources[sourceOffset]);
    const shiftY = fround(targets[targetOffset + 1] - sources[sourceOffset + 1]);
    const ratioX = fround(targets[targetOffset + 2] / width);
    const ratioY = fround(targets[targetOffset + 3] / height);
    const turn = wrapped(fround(targets[targetOffset + 4] - sources[sourceOffset + 4]));
    deltas[deltaOffset] = fround(this.#weights[0] * shiftX) / width;
    deltas[deltaOffset + 1] = fround(this.#weights[1] * shiftY) / height;
    deltas[deltaOffset + 2] = this.#weights[2] * fround(log(ratioX));
    deltas[deltaOffset + 3] = this.#weights[3] * fround(log(ratioY));
    deltas[deltaOffset + 4] = turn * this.#weightPerDegree;
  }

  protected override encode(sources: Tensor, targets: Tensor): Tensor {
    const [weightX, weightY, weightWidth, weightHeight, weightAngle] = this.weights;
    const source = columns(sources);
    const target = columns(targets);
    return cat(
      [
        target.x.sub(source.x).mul(weightX).div(source.width),
        target.y.sub(source.y).mul(weightY).div(source.height),
        target.width.div(source.width).log().mul(weightWidth),
        target.height.div(source.height).log().mul(weightHeight),
        wrappedTensor(target.angle.sub(source.angle)).mul((weightAngle * Math.PI) / 180),
      ],
      1,
    );
  }

  protected override decode(deltas: Tensor, boxes: Tensor): Tensor {
    const [weightX, weightY, weightWidth, weightHeight, weightAngle] = this.weights;
    const max = this.scaleClamp;
    const delta = columns(deltas.reshape([-1, deltas.shape[1] / 5, 5]));
    const source = columns(boxes.unsqueeze(1));
    const decoded = [
      delta.x.div(weightX).mul(source.width).add(source.x),
      delta.y.div(weightY).mul(source.height).add(source.y),
      delta.width.div(weightWidth).clamp({ max }).exp().mul(source.width),
      delta.height.div(weightHeight).clamp({ max }).exp().mul(source.height),
      wrappedTensor(delta.angle.mul(180 / Math.PI / weightAngle).add(source.angle)),
    ];
    return cat(decoded, 2).reshape([-1, deltas.shape[1]]);
  }
}

/** An angle in degrees, brought into [-180, 180). */
function wrapped(angle: number): number {
  const turned = fround(angle + 180) % 360;
  return fround(fround(turned < 0 ? turned + 360 : turned) - 180);
}

function wrappedTensor(angles: Tensor): Tensor {
  return angles.sub(angles.add(180).div(360).floor().mul(360));
}

/** The five numbers of the last axis, which stays with length 1. */
function columns(values: Tensor): Record<"x" | "y" | "width" | "height" | "angle", Tensor> {
  const axis = values.rank - 1;
  return {
    x: values.slice(axis, 0, 1),
    y: values.slice(axis, 1, 2),
    width: values.slice(axis, 2, 3),
    height: values.slice(axis, 3, 4),
    angle: values.slice(axis, 4, 5),
  };
}
