import type { Color } from "./colors.ts";
import type { BoxList, MaskList, NumberList } from "./inputs.ts";
import type { KeypointList, KeypointMetadata } from "./keypoints.ts";
import type { LabelMap } from "./label-map.ts";
import type { RotatedBoxList } from "./rotated-box.ts";

/** What is known about a dataset's classes and keypoints. */
export interface VisualizerMetadata extends KeypointMetadata {
  /** Names of the classes that have instances, by class index. */
  readonly thingClasses?: readonly string[];
  /** Their colours, used in mode `"segmentation"` and in panoptic maps. */
  readonly thingColors?: readonly Color[];
  /** Names of the classes of semantic maps and of a panoptic map's background, by class index. */
  readonly stuffClasses?: readonly string[];
  /** Their colours. */
  readonly stuffColors?: readonly Color[];
}

/**
 * `"image"` gives each instance a colour of its own, `"segmentation"` shades of its class's colour, and `"image_bw"` takes
 * the colours out of all that is no instance.
 */
export type ColorMode = "image" | "segmentation" | "image_bw";

/** Options of {@link Visualizer}. */
export interface VisualizerOptions {
  readonly metadata?: VisualizerMetadata;
  /** Size of the picture relative to the image, 1 by default. */
  readonly scale?: number;
  /** `"image"` by default. */
  readonly colorMode?: ColorMode;
}

/** The fields of predictions that are drawn; each may be missing. `Instances` of `@detectron-ts/structures` fits. */
export interface InstancePredictions {
  /** Rows of four numbers, or of five: rotated boxes. */
  readonly predBoxes?: BoxList | RotatedBoxList;
  readonly scores?: NumberList;
  readonly predClasses?: NumberList;
  readonly predMasks?: MaskList;
  readonly predKeypoints?: KeypointList;
  /** One colour per instance; by default the mode decides. */
  readonly assignedColors?: readonly Color[];
}

/** What {@link Visualizer.overlayInstances} draws: as many of each as there are instances. */
export interface InstanceOverlay {
  readonly boxes?: BoxList;
  readonly masks?: MaskList;
  readonly labels?: readonly string[];
  readonly keypoints?: KeypointList;
  /** One colour per instance; distinct ones by default. */
  readonly assignedColors?: readonly Color[];
  /** Opacity of the masks' filling, 0.5 by default. */
  readonly alpha?: number;
}

/** What {@link Visualizer.overlayRotatedInstances} draws. */
export interface RotatedInstanceOverlay {
  readonly boxes: RotatedBoxList;
  readonly labels?: readonly string[];
  /** One colour per instance; distinct ones by default. */
  readonly assignedColors?: readonly Color[];
}

/** Options of {@link Visualizer.drawText}. */
export interface TextStyle {
  /** Colour of the chip behind the text; the text itself is black or white, whichever reads better on it. */
  readonly color: Color;
  /** Height of the letters in image pixels; by default it suits the image. */
  readonly fontSize?: number;
}

/** Options of {@link Visualizer.drawSemSeg}. */
export interface SegmentationStyle {
  /** Regions of fewer pixels are left out; of a panoptic map, only those without instances. 0 by default. */
  readonly areaThreshold?: number;
  /** Opacity of the filling: 0.8 by default for semantic maps, 0.7 for panoptic ones. */
  readonly alpha?: number;
  /** Whether names are written, true by default. */
  readonly drawText?: boolean;
}

/** Options of {@link Visualizer.drawPanopticSeg}. */
export interface PanopticStyle extends SegmentationStyle {
  /** Colours of instances by their segment's id; shades of the class's colour for the others. */
  readonly instanceColors?: ReadonlyMap<number, Color>;
}

/** What is known of a segment; `SegmentInfo` of `@detectron-ts/modeling` fits. */
export interface DrawnSegment {
  /** Value of its pixels, above 0. */
  readonly id: number;
  /** Whether it is an instance. */
  readonly isThing: boolean;
  /** Index among the thing classes, or among the stuff classes. */
  readonly categoryId: number;
  readonly score?: number;
}

/** A panoptic map and its segments; pixels of no segment are 0. */
export interface PanopticPrediction {
  readonly panopticSeg: LabelMap;
  readonly segmentsInfo: readonly DrawnSegment[];
}
