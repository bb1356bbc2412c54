import { join, parse, resolve } from "node:path";

import { UsageError } from "../errors.ts";
import { pictureName } from "../prediction/picture.ts";

/** Names the pictures of a folder after their images; further pictures of a name get a number. */
export class PictureFolder {
  readonly #folder: string;
  readonly #taken = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws UsageError when the picture would overwrite its image. */
  pathFor(file: string): string {
    const { name, ext } = parse(pictureName(file));
    let path = join(this.#folder, `${name}${ext}`);
    for (let number = 2; this.#taken.has(path); number++) {
      path = join(this.#folder, `${name}-${number}${ext}`);
    }
    if (resolve(path) === resolve(file)) {
      throw new UsageError(`--output ${this.#folder}: the picture of ${file} would overwrite it`);
    }
    this.#taken.add(path);
    return path;
  }
}
