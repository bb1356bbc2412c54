import { MalformedRleError } from "@detectron-ts/coco";
import type { Config } from "@detectron-ts/config";
import { readImage, type ImageFormat } from "@detectron-ts/image";
import type { ImageSize, Instances } from "@detectron-ts/structures";
import {
  AugInput,
  AugmentationList,
  systemRandom,
  type Augmentation,
  type PixelData,
  type RandomGenerator,
  type Transform,
} from "@detectron-ts/transforms";
import ndarray, { type NdArray } from "ndarray";

import { MetadataCatalog } from "../catalog/metadata-catalog.ts";
import type { Annotation, DatasetDict } from "../dataset-dict.ts";
import { AnnotationError, MaskFormatError, SizeMismatchError } from "../errors.ts";
import { buildAugmentation, oneOf } from "./build-augmentation.ts";
import { annotationName, checkBox, checkSegmentation } from "./check-annotation.ts";
import {
  annotationsToInstancesRotated,
  transformRotatedAnnotation,
} from "./rotated-annotations.ts";
import { transformProposals, type MappedProposalFields } from "./transform-proposals.ts";
import {
  annotationsToInstances,
  createKeypointHflipIndices,
  filterEmptyInstances,
  transformInstanceAnnotations,
  type GroundTruthFields,
  type MaskFormat,
  type TransformedAnnotation,
} from "./instance-annotations.ts";

/** What a mapper makes of an image of a dataset: an input of a model. */
export interface MappedInput {
  readonly fileName: string;
  readonly imageId: number | string;
  /** Size of the file, which results are wanted at. */
  readonly height: number;
  readonly width: number;
  /** Channels × height × width, from 0 to 255, not normalised. */
  readonly image: NdArray<Uint8Array>;
  /** Ground truth in pixels of `image`; only in training. */
  readonly instances?: Instances<GroundTruthFields>;
  /** Labels of the pixels of `image`, height × width; for images that have a semantic segmentation. */
  readonly semSeg?: NdArray<Int32Array>;
  /** Precomputed proposals in pixels of `image`. */
  readonly proposals?: Instances<MappedProposalFields>;
}

/** Options of {@link DatasetMapper}. */
export interface DatasetMapperOptions {
  /** Whether annotations become ground truth; otherwise they are left out. */
  readonly isTrain: boolean;
  readonly augmentations: readonly (Augmentation | Transform)[];
  /** Order of the channels, BGR by default. */
  readonly imageFormat?: ImageFormat;
  /** Whether masks are made, false by default. */
  readonly useInstanceMask?: boolean;
  /** Whether keypoints are made, false by default. */
  readonly useKeypoint?: boolean;
  readonly instanceMaskFormat?: MaskFormat;
  readonly keypointHflipIndices?: readonly number[];
  /**
   * Whether ground truth is `RotatedBoxes`, without masks or keypoints; false by default, when rotated boxes of annotations
   * become the upright ones around them.
   */
  readonly useRotatedBoxes?: boolean;
  /** Whether boxes are drawn anew around the masks, which cropping may have made smaller; false by default. */
  readonly recomputeBoxes?: boolean;
  /** How many precomputed proposals to keep; without it they are left out. */
  readonly precomputedProposalTopk?: number;
}

/**
 * Reads an image of a dataset, augments it, and makes ground truth of its annotations. Objects marked as crowds are left out,
 * and so are those whose box or mask is empty after augmentation. Mirrors detectron2's `DatasetMapper`.
 */
export class DatasetMapper {
  readonly isTrain: boolean;
  readonly augmentations: AugmentationList;
  readonly imageFormat: ImageFormat;
  readonly useInstanceMask: boolean;
  readonly useKeypoint: boolean;
  readonly instanceMaskFormat: MaskFormat;
  readonly keypointHflipIndices: readonly number[] | undefined;
  readonly useRotatedBoxes: boolean;
  readonly recomputeBoxes: boolean;
  readonly precomputedProposalTopk: number | undefined;

  constructor(options: DatasetMapperOptions) {
    this.isTrain = options.isTrain;
    this.augmentations = new AugmentationList(options.augmentations);
    this.imageFormat = options.imageFormat ?? "BGR";
    this.useInstanceMask = options.useInstanceMask ?? false;
    this.useKeypoint = options.useKeypoint ?? false;
    this.instanceMaskFormat = options.instanceMaskFormat ?? "polygon";
    this.keypointHflipIndices = options.keypointHflipIndices;
    this.useRotatedBoxes = options.useRotatedBoxes ?? false;
    this.recomputeBoxes = (options.recomputeBoxes ?? false) && this.useInstanceMask;
    this.precomputedProposalTopk = options.precomputedProposalTopk;
  }

  /**
   * With keypoints, the metadata of the first training dataset says how to flip them. Boxes are rotated where RRPN proposes
   * them, or RROIHeads find them.
   */
  static fromConfig(cfg: Config, isTrain = true): DatasetMapperOptions {
    const { MODEL, INPUT, DATASETS } = cfg;
    const flips = isTrain && MODEL.KEYPOINT_ON && INPUT.RANDOM_FLIP !== "none";
    return {
      isTrain,
      augmentations: buildAugmentation(cfg, isTrain),
      imageFormat: oneOf<ImageFormat>("INPUT.FORMAT", INPUT.FORMAT, ["BGR", "RGB", "L"]),
      useInstanceMask: MODEL.MASK_ON,
      useKeypoint: MODEL.KEYPOINT_ON,
      instanceMaskFormat: oneOf<MaskFormat>("INPUT.MASK_FORMAT", INPUT.MASK_FORMAT, [
        "polygon",
        "bitmask",
      ]),
      useRotatedBoxes:
        MODEL.PROPOSAL_GENERATOR.NAME === "RRPN" || MODEL.ROI_HEADS.NAME === "RROIHeads",
      recomputeBoxes: isTrain && MODEL.MASK_ON && INPUT.CROP.ENABLED,
      ...(MODEL.LOAD_PROPOSALS && {
        precomputedProposalTopk: isTrain
          ? DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN
          : DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST,
      }),
      ...(flips && {
        keypointHflipIndices: createKeypointHflipIndices(MetadataCatalog.get(DATASETS.TRAIN[0])),
      }),
    };
  }

  /**
   * The model's input for one image.
   *
   * @param random - what augmentations draw from.
   * @throws the errors of `readImage`; SizeMismatchError when the image is not of the size the dataset says,
   *   or its labels are not of the size of the image;
   *   AnnotationError naming the annotation whose box is not finite or whose mask is broken or of another size;
   *   MaskFormatError, KeypointFlipError and DataOptionError for annotations that cannot become ground truth.
   */
  async map(dict: DatasetDict, random: RandomGenerator = systemRandom): Promise<MappedInput> {
    const original = await readImage(dict.fileName, { format: this.imageFormat });
    const [height, width] = checkImageSize(dict, original);
    const input = new AugInput(original, await readLabels(dict, [height, width]));
    const transforms = this.augmentations.apply(input, random);
    const image = channelsFirst(input.image);
    const [, newHeight, newWidth] = image.shape;
    const newSize = [newHeight, newWidth] as const;
    const { fileName, imageId } = dict;
    const proposals =
      this.precomputedProposalTopk === undefined
        ? undefined
        : transformProposals(dict, transforms, newSize, {
            proposalTopk: this.precomputedProposalTopk,
          });
    return {
      fileName,
      imageId,
      height,
      width,
      image,
      ...(input.semSeg && { semSeg: ndarray(Int32Array.from(input.semSeg.data), [...newSize]) }),
      ...(proposals && { proposals }),
      ...(this.isTrain &&
        dict.annotations && {
          instances: this.#groundTruth(dict, [height, width], transforms, newSize),
        }),
    };
  }

  #groundTruth(
    dict: DatasetDict,
    originalSize: ImageSize,
    transforms: Transform,
    imageSize: ImageSize,
  ): Instances<GroundTruthFields> {
    const transformed = (dict.annotations ?? []).flatMap((annotation, index) =>
      annotation.iscrowd === 1
        ? []
        : [this.#transform(dict, annotation, index, originalSize, transforms, imageSize)],
    );
    if (this.useRotatedBoxes) {
      return filterEmptyInstances(annotationsToInstancesRotated(transformed, imageSize));
    }
    try {
      const instances = annotationsToInstances(transformed, imageSize, this.instanceMaskFormat);
      if (this.recomputeBoxes && instances.gtMasks) {
        instances.set("gtBoxes", instances.gtMasks.getBoundingBoxes());
      }
      return filterEmptyInstances(instances);
    } catch (error) {
      if (!(error instanceof MaskFormatError)) throw error;
      const { annotationId } = error;
      throw new MaskFormatError(error.message, { fileName: dict.fileName, annotationId });
    }
  }

  /** An annotation, as far as it is used, moved along with its image. */
  #transform(
    dict: DatasetDict,
    { segmentation, keypoints, ...rest }: Annotation,
    index: number,
    originalSize: ImageSize,
    transforms: Transform,
    imageSize: ImageSize,
  ): TransformedAnnotation {
    const annotation: Annotation = {
      ...rest,
      ...(this.useInstanceMask && segmentation && { segmentation }),
      ...(this.useKeypoint && keypoints && { keypoints }),
    };
    checkBox(dict, annotation, index);
    if (this.useRotatedBoxes) return transformRotatedAnnotation(annotation, transforms);
    checkSegmentation(dict, annotation, index, originalSize);
    const options = this.keypointHflipIndices && {
      keypointHflipIndices: this.keypointHflipIndices,
    };
    try {
      return transformInstanceAnnotations(annotation, transforms, imageSize, options);
    } catch (cause) {
      if (!(cause instanceof MalformedRleError)) throw cause;
      const name = annotationName(annotation, index);
      throw new AnnotationError(dict.fileName, name, `has a broken mask: ${cause.message}`, {
        cause,
      });
    }
  }
}

/**
 * Height and width of an image, which must be those its dataset says, if it does.
 *
 * @throws SizeMismatchError
 */
export function checkImageSize(
  { fileName, height, width }: DatasetDict,
  { shape }: { readonly shape: readonly number[] },
): ImageSize {
  const got = [shape[0], shape[1]] as const;
  const expected = [height ?? got[0], width ?? got[1]] as const;
  if (got[0] !== expected[0] || got[1] !== expected[1]) {
    throw new SizeMismatchError(fileName, got, expected);
  }
  return got;
}

/** The labels of an image's pixels, if there are any. */
async function readLabels(
  { semSegFileName }: DatasetDict,
  imageSize: ImageSize,
): Promise<{ semSeg?: NdArray<Uint8Array> }> {
  if (semSegFileName === undefined) return {};
  const { data, shape } = await readImage(semSegFileName, { format: "L" });
  const [height, width] = shape;
  if (height !== imageSize[0] || width !== imageSize[1]) {
    throw new SizeMismatchError(semSegFileName, [height, width], imageSize, "its image has");
  }
  return { semSeg: ndarray(data, [height, width]) };
}

/** H×W×C to C×H×W bytes; float images, which augmentations of floats would make, are cut off to bytes. */
function channelsFirst({ data, shape }: NdArray<PixelData>): NdArray<Uint8Array> {
  const [height, width, channels] = shape;
  const planes = new Uint8Array(channels * height * width);
  const area = height * width;
  for (let c = 0; c < channels; c++) {
    for (let pixel = 0; pixel < area; pixel++)
      planes[c * area + pixel] = data[pixel * channels + c];
  }
  return ndarray(planes, [channels, height, width]);
}
