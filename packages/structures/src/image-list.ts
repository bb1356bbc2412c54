import { stack, type Tensor } from "@detectron-ts/tensor";

import type { ImageSize } from "./boxes/boxes.ts";
import { RowIndexError, StructureShapeError } from "./errors.ts";

/** What a backbone demands of the padded size. */
export interface PaddingConstraints {
  /** If above 0, pad every image to a square of this side. */
  readonly squareSize?: number;
  /** If given, takes the place of the `sizeDivisibility` of {@link ImageList.fromTensors}. */
  readonly sizeDivisibility?: number;
}

/** Options of {@link ImageList.fromTensors}. */
export interface ImageListOptions {
  /** What to fill the padding with; 0 by default. */
  readonly padValue?: number;
  readonly paddingConstraints?: PaddingConstraints;
}

/**
 * Images of different sizes in one batch, each padded at its right and bottom. Mirrors
 * `detectron2.structures.ImageList`.
 */
export class ImageList {
  /** The padded images, lazy: N×…×H×W, with C channels N×C×H×W. */
  readonly tensor: Tensor;
  /** Height and width of each image before padding. */
  readonly imageSizes: readonly ImageSize[];

  /** @param tensor - padded images along the first axis. */
  constructor(tensor: Tensor, imageSizes: readonly ImageSize[]) {
    this.tensor = tensor;
    this.imageSizes = imageSizes;
  }

  /**
   * Pads images to one size: the largest height and the largest width among them, rounded up to a multiple of
   * `sizeDivisibility` if that is above 1.
   *
   * @param tensors - one image each, C×H×W or H×W, of one dtype.
   * @throws {@link StructureShapeError} if there is no image, if they differ in more than height and width, or if one
   *   does not fit into the square asked for.
   */
  static fromTensors(
    tensors: readonly Tensor[],
    sizeDivisibility = 0,
    { padValue = 0, paddingConstraints = {} }: ImageListOptions = {},
  ): ImageList {
    const imageSizes = sizesOf(tensors);
    const [height, width] = paddedSize(imageSizes, sizeDivisibility, paddingConstraints);
    // An image that has the size already is padded too, by nothing: the graph depends on the number of images alone,
    // so that one compiled session serves batches of all sizes.
    const padded = tensors.map((image, i) => {
      const [imageHeight, imageWidth] = imageSizes[i];
      if (imageHeight > height || imageWidth > width) {
        throw new StructureShapeError("An image", image.shape, `at most ${height}×${width}`);
      }
      const leading = Array.from({ length: image.rank - 2 }, () => [0, 0] as const);
      return image.pad([...leading, [0, height - imageHeight], [0, width - imageWidth]], padValue);
    });
    return new ImageList(stack(padded, 0), imageSizes);
  }

  /** Number of images. */
  get length(): number {
    return this.imageSizes.length;
  }

  /**
   * One image without its padding, lazy.
   *
   * @param index - negative numbers count from the back.
   * @throws {@link RowIndexError}
   */
  at(index: number): Tensor {
    const size = this.imageSizes.at(index);
    if (!Number.isInteger(index) || size === undefined) {
      throw new RowIndexError(index, this.length);
    }
    const image = this.tensor.select(0, index);
    return image.slice(image.rank - 2, 0, size[0]).slice(image.rank - 1, 0, size[1]);
  }
}

function sizesOf(tensors: readonly Tensor[]): ImageSize[] {
  const [first] = tensors;
  if (first === undefined) throw new StructureShapeError("Images", [0], "[1 or more]");
  return tensors.map(({ shape }) => {
    const leading = shape.slice(0, -2);
    const alike =
      shape.length >= 2 &&
      shape.length === first.shape.length &&
      leading.every((length, axis) => length === first.shape[axis]);
    if (!alike) {
      const wanted = [...first.shape.slice(0, -2), "height", "width"].join(", ");
      throw new StructureShapeError("Each image", shape, `[${wanted}]`);
    }
    return [shape[shape.length - 2], shape[shape.length - 1]];
  });
}

function paddedSize(
  imageSizes: readonly ImageSize[],
  sizeDivisibility: number,
  constraints: PaddingConstraints,
): ImageSize {
  const { squareSize = 0 } = constraints;
  const divisor = Math.max(constraints.sizeDivisibility ?? sizeDivisibility, 1);
  const side = (lengths: number[]) => {
    const longest = squareSize > 0 ? squareSize : Math.max(...lengths);
    return Math.ceil(longest / divisor) * divisor;
  };
  return [side(imageSizes.map(([height]) => height)), side(imageSizes.map(([, width]) => width))];
}
