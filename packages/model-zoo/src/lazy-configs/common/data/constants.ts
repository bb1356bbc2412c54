/** Mean of ImageNet's pixels, by RGB. */
export const IMAGENET_RGB256_MEAN = [123.675, 116.28, 103.53];

/** Standard deviation of ImageNet's pixels, by RGB. */
export const IMAGENET_RGB256_STD = [58.395, 57.12, 57.375];

/** Mean of ImageNet's pixels, by BGR. */
export const IMAGENET_BGR256_MEAN = [103.53, 116.28, 123.675];

/** For weights from MSRA and Detectron, whose first convolution has the standard deviation in it. */
export const IMAGENET_BGR256_STD = [1, 1, 1];

/** Standard deviation of ImageNet's pixels, by BGR, for weights of other origin. */
export const IMAGENET_BGR256_OWN_STD = [57.375, 57.12, 58.395];
