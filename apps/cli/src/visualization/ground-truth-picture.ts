import type { Visualizer } from "@detectron-ts/visualizer";

/** The ground truth of an image, to be drawn when it is its turn. */
export interface GroundTruthPicture {
  /** Path of the image. */
  readonly file: string;
  /** Number of objects. */
  readonly objects: number;
  /** @throws the errors of `readImage` of `@detectron-ts/image`. */
  draw(): Promise<Visualizer> | Visualizer;
}
