import { getEventStorage } from "../event-storage.ts";
import { EventFile } from "../tensorboard/event-file.ts";
import type { EventWriter } from "./event-writer.ts";

/** Options of {@link TensorboardXWriter}. */
export interface TensorboardXWriterOptions {
  /** Folder that gets a new event file. */
  readonly logDir: string;
  /** Iterations that scalars with a smoothing hint are smoothed over; 20 when left out. */
  readonly windowSize?: number;
}

/**
 * Writes scalars, images and histograms to an event file that TensorBoard shows. Images and histograms are taken out
 * of the storage, so there should be one such writer. Mirrors `detectron2.utils.events.TensorboardXWriter`.
 */
export class TensorboardXWriter implements EventWriter {
  readonly #file: EventFile;
  readonly #windowSize: number;
  #lastWrite = -1;

  constructor({ logDir, windowSize = 20 }: TensorboardXWriterOptions) {
    this.#file = new EventFile(logDir);
    this.#windowSize = windowSize;
  }

  write(): void {
    const storage = getEventStorage();
    let newLastWrite = this.#lastWrite;
    for (const [name, { value, iter }] of storage.latestWithSmoothingHint(this.#windowSize)) {
      if (iter <= this.#lastWrite) continue;
      this.#file.scalar(name, value, iter);
      newLastWrite = Math.max(newLastWrite, iter);
    }
    this.#lastWrite = newLastWrite;
    for (const { name, pixels, iter } of storage.images()) this.#file.image(name, pixels, iter);
    storage.clearImages();
    for (const { name, histogram, iter } of storage.histograms()) {
      this.#file.histogram(name, histogram, iter);
    }
    storage.clearHistograms();
    this.#file.flush();
  }

  close(): void {
    this.#file.close();
  }
}
