import { getEventStorage, hasEventStorage } from "@detectron-ts/events";
import type { NdArray } from "ndarray";

/**
 * What losses of a dense detector are divided by: the number of positive anchors in a batch, as an exponential moving
 * average over the batches of a training, for it varies a lot in small ones. Mirrors `DenseDetector._ema_update` of
 * detectron2. Like there, it isn't part of checkpoints.
 */
export class LossNormalizer {
  /** The average now. */
  value: number;
  readonly momentum: number;

  /**
   * @param initialValue - the average before the first batch.
   * @param momentum - weight of the batches before.
   */
  constructor(initialValue: number, momentum = 0.9) {
    this.value = initialValue;
    this.momentum = momentum;
  }

  /**
   * Takes a batch into account, of at least one positive. The current event storage, if there is one, gets
   * `num_pos_anchors`: how many there are, on average over the images.
   *
   * @param fgMask - N×R: 1 for each positive of the R anchors of N images.
   * @returns the average after it.
   */
  update(fgMask: NdArray<Uint8Array>): number {
    const numPositives = fgMask.data.reduce((sum, flag) => sum + flag, 0);
    if (hasEventStorage()) {
      getEventStorage().putScalar("num_pos_anchors", numPositives / fgMask.shape[0]);
    }
    this.value = this.value * this.momentum + Math.max(numPositives, 1) * (1 - this.momentum);
    return this.value;
  }
}
