/** What every error of this package is an instance of. */
export abstract class ImageError extends Error {
  /** The file's path, or `"<buffer>"` for bytes in memory. */
  readonly source: string;

  constructor(source: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.source = source;
  }
}

/** There is no file at the path. */
export class ImageNotFoundError extends ImageError {
  override readonly name = "ImageNotFoundError";

  constructor(source: string, options?: ErrorOptions) {
    super(source, `No such image file: ${source}`, options);
  }
}

/** The bytes are no image of a format this package reads. */
export class NotAnImageError extends ImageError {
  override readonly name = "NotAnImageError";
  /** The format that was recognised but is not read, such as `"svg"`; undefined when none was. */
  readonly format: string | undefined;

  constructor(source: string, format?: string, options?: ErrorOptions) {
    const got = format === undefined ? "in no known image format" : `in the format ${format}`;
    super(source, `${source} is ${got}; wanted JPEG, PNG, WebP, GIF, TIFF or AVIF`, options);
    this.format = format;
  }
}

/** The image is not one of gray values alone. */
export class NotGrayError extends ImageError {
  override readonly name = "NotGrayError";
  /** Colour space of the file. */
  readonly space: string;
  readonly channels: number;

  constructor(source: string, space: string, channels: number) {
    super(source, `${source} has ${channels} channels of ${space}; wanted one of gray values`);
    this.space = space;
    this.channels = channels;
  }
}

/** The file is an image but ends early or cannot be decoded. */
export class CorruptImageError extends ImageError {
  override readonly name = "CorruptImageError";

  constructor(source: string, reason: string, options?: ErrorOptions) {
    super(source, `${source} is truncated or damaged: ${reason}`, options);
  }
}

/** The image declares more pixels than the reader was allowed to decode. */
export class ImageTooLargeError extends ImageError {
  override readonly name = "ImageTooLargeError";
  readonly width: number;
  readonly height: number;
  readonly maxPixels: number;

  constructor(source: string, width: number, height: number, maxPixels: number) {
    super(
      source,
      `${source} has ${width}×${height} = ${width * height} pixels, more than maxPixels = ${maxPixels}`,
    );
    this.width = width;
    this.height = height;
    this.maxPixels = maxPixels;
  }
}

/** A file name whose extension says no format that this package writes. */
export class UnsupportedExtensionError extends ImageError {
  override readonly name = "UnsupportedExtensionError";
  readonly extension: string;

  constructor(source: string, extension: string) {
    super(
      source,
      `Cannot write ${source}: got extension "${extension}", wanted .png, .jpg, .jpeg or .webp`,
    );
    this.extension = extension;
  }
}

/** An array that is no image of the declared channel order. */
export class ImageArrayError extends Error {
  override readonly name = "ImageArrayError";
  readonly shape: readonly number[];
  readonly format: string;

  constructor(shape: readonly number[], format: string) {
    super(`Got an array of shape [${shape.join(", ")}] for a ${format} image`);
    this.shape = shape;
    this.format = format;
  }
}
