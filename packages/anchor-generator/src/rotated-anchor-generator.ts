import type { Config } from "@detectron-ts/config";
import type { ShapeSpec } from "@detectron-ts/layers";
import { RotatedBoxes } from "@detectron-ts/structures";

import { generateRotatedCellAnchors } from "./cell-anchors.ts";
import type { DefaultAnchorGeneratorOptions } from "./default-anchor-generator.ts";
import {
  GridAnchorGenerator,
  perFeature,
  positivePerFeature,
  stridesOf,
  type PerFeature,
} from "./grid-anchor-generator.ts";

/** Options of {@link RotatedAnchorGenerator}. */
export interface RotatedAnchorGeneratorOptions extends DefaultAnchorGeneratorOptions {
  /** In degrees counter-clockwise. */
  readonly angles: PerFeature;
}

/**
 * Anchors of fixed sizes, aspect ratios and angles at every location of every feature map, (x, y of the centre, width,
 * height, angle). Mirrors `detectron2.modeling.anchor_generator.RotatedAnchorGenerator`.
 */
export class RotatedAnchorGenerator extends GridAnchorGenerator<RotatedBoxes> {
  readonly boxDim = 5;

  /** @throws OptionError of `@detectron-ts/layers` */
  constructor({ sizes, aspectRatios, angles, strides, offset }: RotatedAnchorGeneratorOptions) {
    const sizesOfFeatures = positivePerFeature("sizes", sizes, strides.length);
    const ratiosOfFeatures = positivePerFeature("aspectRatios", aspectRatios, strides.length);
    const anglesOfFeatures = perFeature("angles", angles, strides.length);
    super({
      cellAnchors: strides.map(
        (_, i) =>
          new RotatedBoxes(
            generateRotatedCellAnchors(
              sizesOfFeatures[i],
              ratiosOfFeatures[i],
              anglesOfFeatures[i],
            ),
          ),
      ),
      strides,
      offset,
    });
  }

  /** Options from `MODEL.ANCHOR_GENERATOR` and the strides of the feature maps. */
  static fromConfig(cfg: Config, inputShape: readonly ShapeSpec[]): RotatedAnchorGeneratorOptions {
    const { SIZES, ASPECT_RATIOS, ANGLES, OFFSET } = cfg.MODEL.ANCHOR_GENERATOR;
    return {
      sizes: SIZES,
      aspectRatios: ASPECT_RATIOS,
      angles: ANGLES,
      strides: stridesOf(inputShape),
      offset: OFFSET,
    };
  }
}
