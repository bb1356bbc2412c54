import type { ShapeSpec } from "@detectron-ts/layers";
import { Module } from "@detectron-ts/nn";
import type { Tensor } from "@detectron-ts/tensor";

/** The feature maps of a batch by name, each N×C×H×W. */
export type FeatureMaps = Record<string, Tensor>;

/** How a backbone wants its input padded, beyond {@link Backbone.sizeDivisibility}. */
export interface BackbonePaddingConstraints {
  /** Side in pixels of the square that every image is padded to; 0 or left out for no such wish. */
  readonly squareSize?: number;
}

/**
 * What the rest of a model knows of a feature extractor: it is called with a batch of images and answers
 * with named feature maps. Whatever has these members is a backbone, {@link BackboneModule} or not.
 * Mirrors `detectron2.modeling.Backbone`.
 */
export interface Backbone {
  /** @param images N×C×H×W, normalised and padded. */
  (images: Tensor): FeatureMaps;

  /** Channels and stride of each feature map that a call returns, from the finest to the coarsest. */
  outputShape(): Record<string, ShapeSpec>;

  /** Height and width of the images must be multiples of this; 0 when any size will do. */
  readonly sizeDivisibility: number;

  readonly paddingConstraints: BackbonePaddingConstraints;
}

/**
 * A {@link Backbone} as a module: implement `forward` and `outputShape`.
 *
 * ```ts
 * class Patchify extends BackboneModule {
 *   readonly conv = new Conv2d({ inChannels: 3, outChannels: 64, kernelSize: 16, stride: 16 });
 *
 *   forward(images: Tensor): FeatureMaps {
 *     return { patches: this.conv(images) };
 *   }
 *
 *   outputShape(): Record<string, ShapeSpec> {
 *     return { patches: { channels: 64, stride: 16 } };
 *   }
 * }
 * ```
 */
export abstract class BackboneModule
  extends Module<[images: Tensor], FeatureMaps>
  implements Backbone
{
  abstract outputShape(): Record<string, ShapeSpec>;

  get sizeDivisibility(): number {
    return 0;
  }

  get paddingConstraints(): BackbonePaddingConstraints {
    return {};
  }
}
