import { mkdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { checksumInFileName, download, getLocalPath } from "@detectron-ts/checkpoint";

import { DownloadBar } from "../prediction/progress.ts";
import { formatBytes } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { findModel, licenseText } from "./find-model.ts";

/** What `detectron zoo download` is asked for. */
export interface DownloadModelOptions {
  /** File or folder to save to; the cache when left out. */
  readonly output?: string;
}

/**
 * Downloads a model's weights, unless they are there already, and says where they are and how they are licensed.
 *
 * @throws NoCheckpointError when there is no such model; DownloadError of `@detectron-ts/checkpoint`.
 */
export async function downloadModel(
  name: string,
  { output }: DownloadModelOptions,
  terminal: Terminal,
): Promise<void> {
  const model = findModel(name);
  const url = model.checkpointUrl;
  const bar = new DownloadBar(terminal);
  const released = basename(new URL(url).pathname);
  // By the digits in the released name, whatever the file is to be called.
  const checksum = checksumInFileName(released);
  const options = { onProgress: bar.update, ...(checksum !== undefined && { checksum }) };
  let file: string;
  try {
    if (output === undefined) file = await getLocalPath(url, options);
    else {
      file = await fileIn(output, released);
      await mkdir(dirname(file), { recursive: true });
      await download(url, file, options);
    }
  } finally {
    bar.stop();
  }
  const { size } = await stat(file);
  terminal.print(`${terminal.colors.bold(file)} (${formatBytes(size)})`);
  terminal.print(`The weights of ${model.name} are licensed ${licenseText(model)}`);
}

/** A path that is a folder, or says so by its end, is where the file goes under its own name. */
async function fileIn(output: string, name: string): Promise<string> {
  const isFolder =
    output.endsWith("/") ||
    output.endsWith(sep) ||
    (await stat(output).then(
      (found) => found.isDirectory(),
      () => false,
    ));
  return resolve(isFolder ? join(output, name) : output);
}
