import type { ImageSize } from "@detectron-ts/structures";
import { interpolate, type Tensor } from "@detectron-ts/tensor";
import type { NdArray } from "ndarray";

/**
 * What each pixel of an image shows. Nothing of it is computed until asked for: the logits of many classes at full size
 * are large, and most users want the likeliest class alone.
 *
 * ```ts
 * const labels = await semSeg.argmax(); // height × width
 * const logits = await semSeg.logits.toNdarray(); // classes × height × width: detectron2's `sem_seg`
 * ```
 */
export class SemanticSegmentation {
  /** C×H×W float32, lazy. */
  readonly logits: Tensor;
  /** The class of the largest logit of each pixel, the first of equal ones: H×W int32, lazy. */
  readonly labels: Tensor;

  /** @param logits - C×H×W. */
  constructor(logits: Tensor) {
    this.logits = logits;
    this.labels = logits.argmax(0);
  }

  get numClasses(): number {
    return this.logits.shape[0];
  }

  get imageSize(): ImageSize {
    const [, height, width] = this.logits.shape;
    return [height, width];
  }

  /** The values of {@link labels}, height × width. Computed once, without the logits leaving the session. */
  async argmax(): Promise<NdArray<Int32Array>> {
    return (await this.labels.toNdarray()) as NdArray<Int32Array>;
  }
}

/**
 * Maps logits at the size of a model's padded input to an image of another size, that of the file: the padding is cut off,
 * the rest is resized bilinearly. Mirrors `detectron2.modeling.postprocessing.sem_seg_postprocess`.
 *
 * @param result - C×H×W.
 * @param imageSize - of the model's input without padding.
 * @returns C×outputHeight×outputWidth, lazy.
 */
export function semSegPostprocess(
  result: Tensor,
  [height, width]: ImageSize,
  outputHeight: number,
  outputWidth: number,
): Tensor {
  const image = result.slice(1, 0, height).slice(2, 0, width).unsqueeze(0);
  return interpolate(image, { size: [outputHeight, outputWidth], mode: "bilinear" }).squeeze(0);
}
