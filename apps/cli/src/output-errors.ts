import type { Streams, TextStream } from "./terminal.ts";

/**
 * Takes the errors of the streams that a command prints on; unheard, the first would end the process in the middle of its
 * work.
 *
 * A reader that has seen enough, such as `head`, closes the pipe: what comes after is lost on purpose, and no error. A full
 * disk is one, but the work goes on for the files that it writes elsewhere.
 */
export class OutputErrors {
  readonly #streams: readonly TextStream[];
  #first: Error | undefined;

  constructor({ stdout, stderr }: Streams) {
    this.#streams = [stdout, stderr];
    for (const stream of this.#streams) stream.on("error", this.#take);
  }

  /** The first error that is not a closed pipe, once all that was printed has arrived or failed. */
  async settle(): Promise<Error | undefined> {
    await Promise.all(this.#streams.map(settled));
    return this.#first;
  }

  readonly #take = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") this.#first ??= error;
  };
}

/** Resolves after all writes so far. A failed write calls back before its event `error`, which the turn of the loop lets pass. */
function settled(stream: TextStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => setImmediate(resolve));
  });
}
