/** A tree is not the config of a training: something it needs is missing or of another kind. */
export class LazyConfigError extends Error {
  override readonly name = "LazyConfigError";

  constructor(
    /** Dotted path of what is wrong. */
    readonly path: string,
    readonly reason: string,
  ) {
    super(`The lazy config's ${path} ${reason}`);
  }
}
