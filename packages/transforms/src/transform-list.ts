import type { NdArray } from "ndarray";

import type { CoordinateData, LabelData, PixelData } from "./arrays.ts";
import { Transform } from "./transform.ts";

/** Transforms applied one after the other. Lists within lists are flattened. Mirrors fvcore's `TransformList`. */
export class TransformList extends Transform {
  /** The parts, in order of application; none of them is itself a list. */
  readonly transforms: readonly Transform[];

  constructor(transforms: readonly Transform[]) {
    super();
    this.transforms = transforms.flatMap((transform) =>
      transform instanceof TransformList ? transform.transforms : [transform],
    );
  }

  /** These transforms, then another. */
  concat(other: Transform): TransformList {
    return new TransformList([this, other]);
  }

  override applyImage<D extends PixelData>(image: NdArray<D>): NdArray<D> {
    return this.transforms.reduce((result, transform) => transform.applyImage(result), image);
  }

  override applySegmentation<D extends LabelData>(segmentation: NdArray<D>): NdArray<D> {
    return this.transforms.reduce(
      (result, transform) => transform.applySegmentation(result),
      segmentation,
    );
  }

  override applyCoords<D extends CoordinateData>(coords: NdArray<D>): NdArray<D> {
    return this.transforms.reduce((result, transform) => transform.applyCoords(result), coords);
  }

  /** Each part takes the boxes around the corners that the part before it moved. */
  override applyBox<D extends CoordinateData>(boxes: NdArray<D>): NdArray<D> {
    return this.transforms.reduce((result, transform) => transform.applyBox(result), boxes);
  }

  /** Each part takes the rectangles that the part before it made. */
  override applyRotatedBox<D extends CoordinateData>(boxes: NdArray<D>): NdArray<D> {
    return this.transforms.reduce((result, transform) => transform.applyRotatedBox(result), boxes);
  }

  override applyPolygons(polygons: readonly Float64Array[]): Float64Array[] {
    return this.transforms.reduce<Float64Array[]>(
      (result, transform) => transform.applyPolygons(result),
      [...polygons],
    );
  }

  /** The inverses in reverse order. */
  override inverse(): TransformList {
    return new TransformList(this.transforms.map((transform) => transform.inverse()).reverse());
  }
}
