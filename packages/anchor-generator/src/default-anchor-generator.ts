import type { Config } from "@detectron-ts/config";
import type { ShapeSpec } from "@detectron-ts/layers";
import { Boxes } from "@detectron-ts/structures";

import { generateCellAnchors } from "./cell-anchors.ts";
import {
  GridAnchorGenerator,
  positivePerFeature,
  stridesOf,
  type PerFeature,
} from "./grid-anchor-generator.ts";

/** Options of {@link DefaultAnchorGenerator}. */
export interface DefaultAnchorGeneratorOptions {
  /** Side of the square that has an anchor's area, in pixels of the network's input. */
  readonly sizes: PerFeature;
  /** Height over width. */
  readonly aspectRatios: PerFeature;
  /** Pixels between neighbouring locations, for each feature map. */
  readonly strides: readonly number[];
  /** Where the first location lies, in strides: 0 at the image's corner, 0.5 (the default) at the cell's centre. */
  readonly offset?: number;
}

/**
 * Anchors of fixed sizes and aspect ratios at every location of every feature map, (x0, y0, x1, y1). Mirrors
 * `detectron2.modeling.anchor_generator.DefaultAnchorGenerator`.
 */
export class DefaultAnchorGenerator extends GridAnchorGenerator<Boxes> {
  readonly boxDim = 4;

  /** @throws OptionError of `@detectron-ts/layers` */
  constructor({ sizes, aspectRatios, strides, offset }: DefaultAnchorGeneratorOptions) {
    const sizesOfFeatures = positivePerFeature("sizes", sizes, strides.length);
    const ratiosOfFeatures = positivePerFeature("aspectRatios", aspectRatios, strides.length);
    super({
      cellAnchors: strides.map(
        (_, i) => new Boxes(generateCellAnchors(sizesOfFeatures[i], ratiosOfFeatures[i])),
      ),
      strides,
      offset,
    });
  }

  /** Options from `MODEL.ANCHOR_GENERATOR` and the strides of the feature maps. */
  static fromConfig(cfg: Config, inputShape: readonly ShapeSpec[]): DefaultAnchorGeneratorOptions {
    const { SIZES, ASPECT_RATIOS, OFFSET } = cfg.MODEL.ANCHOR_GENERATOR;
    return {
      sizes: SIZES,
      aspectRatios: ASPECT_RATIOS,
      strides: stridesOf(inputShape),
      offset: OFFSET,
    };
  }
}
