/** The command line asks for something that can't be meant: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** An input that is neither a file nor a folder, nor a pattern that fits any. */
export class InputNotFoundError extends Error {
  override readonly name = "InputNotFoundError";
  readonly input: string;

  constructor(input: string, reason: string) {
    super(`--input ${input}: ${reason}`);
    this.input = input;
  }
}

/** Some images could not be read; all others were done. */
export class UnreadableImagesError extends Error {
  override readonly name = "UnreadableImagesError";
  readonly files: readonly string[];
  /** Number of images that were asked for. */
  readonly total: number;

  constructor(files: readonly string[], total: number) {
    const were = files.length === 1 ? "was" : "were";
    super(
      `${files.length} of ${total} images could not be read and ${were} left out: ${files.join(", ")}`,
    );
    this.files = files;
    this.total = total;
  }
}
