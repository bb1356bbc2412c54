import {
  type Boxes,
  type ImageSize,
  Instances,
  ROIMasks,
  rowMajorData,
  UnknownFieldError,
} from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

/** The fields that {@link detectorPostprocess} maps into the image; all others are carried along. */
export interface MappedFields {
  readonly predBoxes?: Boxes;
  /** What is mapped where there are no `predBoxes`. */
  readonly proposalBoxes?: Boxes;
  /** N×1×M×M probabilities: each mask a square over its box. */
  readonly predMasks?: NdArray<Float32Array>;
  /** N×K×3: x, y and score. */
  readonly predKeypoints?: NdArray<Float32Array>;
}

/** The fields after {@link detectorPostprocess}: masks have become bitmaps of the image. */
export type Postprocessed<Fields> = {
  [Name in keyof Fields]: Name extends "predMasks"
    ? NdArray<Uint8Array> | Extract<Fields[Name], undefined>
    : Fields[Name];
};

/**
 * Maps what a model found in its input to an image of another size, that of the file: boxes are scaled and clipped to
 * the image, those left without extent are dropped, masks are pasted into the image, and keypoints are scaled. Mirrors
 * `detectron2.modeling.postprocessing.detector_postprocess`, but leaves its argument as it is.
 *
 * @param results - instances in pixels of the network's input; their `imageSize` is its size without padding.
 * @param height - of the image to map to.
 * @param width - of the image to map to.
 * @param maskThreshold - probability from which a pixel belongs to a mask.
 * @returns instances of an image of height × width, in the same order; `predMasks` is N×height×width, 1 where the object
 *   is and else 0.
 * @throws UnknownFieldError when there are neither `predBoxes` nor `proposalBoxes`.
 */
export function detectorPostprocess<Fields extends MappedFields>(
  results: Instances<Fields>,
  height: number,
  width: number,
  maskThreshold = 0.5,
): Instances<Postprocessed<Fields>> {
  const fields = results.fields();
  const name = fields.predBoxes ? "predBoxes" : "proposalBoxes";
  const boxes = fields[name]?.clone();
  if (boxes === undefined) throw new UnknownFieldError("predBoxes", Object.keys(fields));

  const [inputHeight, inputWidth] = results.imageSize;
  const scaleX = width / inputWidth;
  const scaleY = height / inputHeight;
  boxes.scale(scaleX, scaleY);
  boxes.clip([height, width]);
  const nonempty = boxes.nonempty();
  const inImage: MappedFields = { ...fields, [name]: boxes };
  const kept = new Instances([height, width], inImage).select(nonempty);
  if (kept.predMasks !== undefined) {
    const keptBoxes = boxes.select(nonempty);
    kept.set("predMasks", pasteMasks(kept.predMasks, keptBoxes, [height, width], maskThreshold));
  }
  if (kept.predKeypoints !== undefined) {
    kept.set("predKeypoints", scaleKeypoints(kept.predKeypoints, scaleX, scaleY));
  }
  // The fields are those of the argument, except for the kind of masks.
  return kept as unknown as Instances<Postprocessed<Fields>>;
}

function pasteMasks(
  masks: NdArray<Float32Array>,
  boxes: Boxes,
  [height, width]: ImageSize,
  threshold: number,
): NdArray<Uint8Array> {
  const [count, , ...square] = masks.shape;
  const roiMasks = new ROIMasks(ndarray(rowMajorData(masks), [count, ...square]));
  return roiMasks.toBitmasks(boxes, height, width, threshold).tensor;
}

/** Keypoints at other coordinates; they may lie outside of the image, as they may lie outside of their boxes. */
function scaleKeypoints(
  keypoints: NdArray<Float32Array>,
  scaleX: number,
  scaleY: number,
): NdArray<Float32Array> {
  const scaled = rowMajorData(keypoints).slice();
  for (let i = 0; i < scaled.length; i += 3) {
    scaled[i] *= scaleX;
    scaled[i + 1] *= scaleY;
  }
  return ndarray(scaled, keypoints.shape);
}
