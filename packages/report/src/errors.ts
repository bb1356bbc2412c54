/** A file of metrics none of whose lines could be read. */
export class MetricsFormatError extends Error {
  override readonly name = "MetricsFormatError";

  /** @param firstLine The beginning of the file. */
  constructor(
    readonly source: string,
    readonly firstLine: string,
  ) {
    super(
      `${source} holds no metrics: wanted one JSON object with an "iteration" a line, got ${JSON.stringify(firstLine)}`,
    );
  }
}

/** Bytes of a sample that are no picture a browser shows everywhere. */
export class SampleImageError extends Error {
  override readonly name = "SampleImageError";

  /** @param index Which of the samples it is. */
  constructor(
    readonly index: number,
    readonly caption: string,
    readonly firstBytes: readonly number[],
  ) {
    super(
      `sample ${index}${caption === "" ? "" : ` (${caption})`} is neither PNG, JPEG nor WebP: ` +
        `it begins with the bytes [${firstBytes.join(", ")}]`,
    );
  }
}
