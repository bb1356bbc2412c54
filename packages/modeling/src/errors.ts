/** An image handed to a model is not what its normalisation expects. */
export class ModelImageError extends Error {
  override readonly name = "ModelImageError";
  /** Position in the batch. */
  readonly index: number;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Number of channels the model normalises. */
  readonly channels: number;

  constructor(index: number, shape: readonly number[], dtype: string, channels: number) {
    super(
      `Image ${index} of the batch is ${dtype} [${shape.join(", ")}]; ` +
        `wanted float32 or uint8 of shape [${channels}, height, width]`,
    );
    this.index = index;
    this.shape = shape;
    this.dtype = dtype;
    this.channels = channels;
  }
}

/** Losses were asked of a model in evaluation, or results of one in training. */
export class ModelModeError extends Error {
  override readonly name = "ModelModeError";
  /** The method called. */
  readonly called: "inference" | "losses";
  /** The method that puts the model in the mode needed. */
  readonly wanted: "eval" | "train";

  constructor(called: "inference" | "losses") {
    const [mode, wanted, other] =
      called === "losses"
        ? (["evaluation", "train", "inference"] as const)
        : (["training", "eval", "losses"] as const);
    super(
      `${called}() was called on a model in ${mode}; ` +
        `call ${wanted}() before it, or ${other}() instead`,
    );
    this.called = called;
    this.wanted = wanted;
  }
}

/** A model was called with no input at all. */
export class EmptyBatchError extends Error {
  override readonly name = "EmptyBatchError";

  constructor() {
    super("The batch is empty; a model needs at least one image");
  }
}

/** Some inputs of a batch lack a field that the call needs. */
export class MissingInputError extends Error {
  override readonly name = "MissingInputError";
  readonly field: string;
  /** Positions in the batch of the inputs without the field. */
  readonly indices: readonly number[];

  constructor(field: string, indices: readonly number[], reason: string) {
    super(`Input ${indices.join(", ")} of the batch has no \`${field}\`, which ${reason}`);
    this.field = field;
    this.indices = indices;
  }
}

/** A box that was given to a model is infinite or NaN. */
export class NonFiniteInputError extends Error {
  override readonly name = "NonFiniteInputError";
  /** What the box was given as: `proposals` or `detectedInstances`. */
  readonly field: string;
  /** Position in the batch. */
  readonly index: number;
  /** Position among the boxes of its image. */
  readonly row: number;
  readonly box: readonly number[];

  constructor(field: string, index: number, row: number, box: readonly number[]) {
    super(
      `Box ${row} of the ${field} for image ${index} of the batch is [${box.join(", ")}]; ` +
        "wanted four finite numbers",
    );
    this.field = field;
    this.index = index;
    this.row = row;
    this.box = box;
  }
}

/** One list has an entry per image, the batch has another number of images. */
export class BatchLengthError extends Error {
  override readonly name = "BatchLengthError";
  readonly what: string;
  readonly got: number;
  readonly wanted: number;

  constructor(what: string, got: number, wanted: number) {
    super(`Got ${got} ${what} for a batch of ${wanted} images`);
    this.what = what;
    this.got = got;
    this.wanted = wanted;
  }
}

/** Parts or settings that do not go together were given to a model's constructor. */
export class ModelOptionsError extends Error {
  override readonly name = "ModelOptionsError";
  readonly option: string;
  readonly value: unknown;

  constructor(option: string, value: unknown, wanted: string) {
    super(`${option} is ${JSON.stringify(value)}; wanted ${wanted}`);
    this.option = option;
    this.value = value;
  }
}

/** Labels of pixels are not of the size of their image. */
export class SemSegSizeError extends Error {
  override readonly name = "SemSegSizeError";
  /** Position in the batch. */
  readonly index: number;
  readonly shape: readonly number[];
  /** Height and width of the image. */
  readonly imageSize: readonly [height: number, width: number];

  constructor(
    index: number,
    shape: readonly number[],
    imageSize: readonly [height: number, width: number],
  ) {
    super(
      `The \`semSeg\` of image ${index} of the batch is [${shape.join(", ")}]; ` +
        `wanted that of the image, [${imageSize.join(", ")}]`,
    );
    this.index = index;
    this.shape = shape;
    this.imageSize = imageSize;
  }
}

/** A pixel has a label that is neither a class of the model nor the one that is ignored. */
export class SemSegLabelError extends Error {
  override readonly name = "SemSegLabelError";
  /** Position in the batch. */
  readonly index: number;
  /** Row and column of the first such pixel. */
  readonly position: readonly [row: number, column: number];
  readonly label: number;
  readonly numClasses: number;
  readonly ignoreValue: number;

  constructor(
    index: number,
    position: readonly [row: number, column: number],
    label: number,
    numClasses: number,
    ignoreValue: number,
  ) {
    super(
      `The \`semSeg\` of image ${index} of the batch has label ${label} at row ${position[0]}, column ${position[1]}; ` +
        `wanted 0 to ${numClasses - 1}, or ${ignoreValue} for pixels to ignore`,
    );
    this.index = index;
    this.position = position;
    this.label = label;
    this.numClasses = numClasses;
    this.ignoreValue = ignoreValue;
  }
}
