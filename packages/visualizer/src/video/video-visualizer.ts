import { encode } from "@detectron-ts/coco";
import type { NdArray } from "ndarray";

import type { Color } from "../colors.ts";
import { toBoxes, toNumbers, type BoxList, type NumberList } from "../inputs.ts";
import type { LabelMap } from "../label-map.ts";
import type {
  InstancePredictions,
  PanopticPrediction,
  SegmentationStyle,
  VisualizerMetadata,
  VisualizerOptions,
} from "../styles.ts";
import { Visualizer } from "../visualizer.ts";
import { ColorTracker, type FrameInstance } from "./color-tracker.ts";

/** Predictions of a frame. */
export interface TrackedPredictions extends InstancePredictions {
  readonly predBoxes: BoxList;
  /** Numbers that a tracker gave; an instance then has the colour of its number. */
  readonly ID?: NumberList;
}

/**
 * Draws the frames of a video, an instance in the same colour in all of them. Mirrors detectron2's `VideoVisualizer`.
 *
 * Instances of one class that overlap in consecutive frames by more than 0.6 (boxes), or 0.5 (masks of panoptic maps), are
 * taken for the same, also after up to seven frames without it; or those of one `ID`, where a tracker has numbered them.
 */
export class VideoVisualizer {
  readonly metadata: VisualizerMetadata;
  readonly #options: VisualizerOptions;
  readonly #colors = new ColorTracker();

  /** @param options - `colorMode` `"segmentation"` isn't for videos: colours tell instances apart here. */
  constructor(
    options: Omit<VisualizerOptions, "colorMode"> & {
      readonly colorMode?: "image" | "image_bw";
    } = {},
  ) {
    this.#options = options;
    this.metadata = options.metadata ?? {};
  }

  /**
   * The frame with its instances. Boxes aren't drawn where there are masks, as they distract from what moves.
   *
   * @param frame - RGB bytes, height × width × 3; any strides.
   * @throws DrawingShapeError when the frame or a field has another shape.
   * @throws InstanceCountError when the fields aren't equally long.
   */
  drawInstancePredictions(
    frame: NdArray<Uint8Array>,
    predictions: TrackedPredictions,
  ): NdArray<Uint8Array> {
    const { predBoxes, predClasses, predMasks, ID } = predictions;
    const boxes = toBoxes(predBoxes);
    const classes = predClasses && toNumbers(predClasses);
    const assignedColors = ID
      ? this.#colors.byId(toNumbers(ID))
      : this.#colors.byOverlap(
          boxes.map(([x0, y0, x1, y1], i) => ({
            label: classes?.[i] ?? 0,
            shape: [x0, y0, x1 - x0, y1 - y0],
          })),
        );
    return new Visualizer(frame, this.#options)
      .drawInstancePredictions({
        ...predictions,
        predBoxes: predMasks ? undefined : boxes,
        assignedColors,
      })
      .getImage();
  }

  /** The frame with a semantic map, whose colours are those of the classes. */
  drawSemSeg(
    frame: NdArray<Uint8Array>,
    semSeg: LabelMap,
    style?: SegmentationStyle,
  ): NdArray<Uint8Array> {
    return new Visualizer(frame, this.#options).drawSemSeg(semSeg, style).getImage();
  }

  /** The frame with a panoptic map. */
  drawPanopticSeg(
    frame: NdArray<Uint8Array>,
    prediction: PanopticPrediction,
    style: SegmentationStyle = {},
  ): NdArray<Uint8Array> {
    const things = prediction.segmentsInfo.filter(({ isThing }) => isThing);
    const instances = things.map(({ id, categoryId }) => ({
      label: categoryId,
      shape: maskOf(prediction.panopticSeg, id),
    }));
    const colors = this.#colors.byOverlap(instances);
    const instanceColors = new Map(things.map(({ id }, i): [number, Color] => [id, colors[i]]));
    return new Visualizer(frame, this.#options)
      .drawPanopticSeg(prediction, { alpha: 0.5, ...style, instanceColors })
      .getImage();
  }
}

function maskOf(map: LabelMap, id: number): FrameInstance["shape"] {
  const [height, width] = map.shape;
  const mask = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) mask[y * width + x] = map.get(y, x) === id ? 1 : 0;
  }
  return encode(mask, [height, width]);
}
