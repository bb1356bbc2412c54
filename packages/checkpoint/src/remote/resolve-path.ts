import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { DownloadError, UnsupportedQueryError, UnsupportedSchemeError } from "../errors.ts";
import { catalogUrl, DETECTRON2_PREFIX } from "./catalog.ts";
import { download, type DownloadOptions } from "./download.ts";

/** What getting a checkpoint to this machine can be told. */
export interface LocalPathOptions extends DownloadOptions {
  /** Folder for downloads; default {@link defaultCacheDir}. */
  readonly cacheDir?: string;
}

/** A path without its query, and what the query asked for. */
export interface CheckpointPath {
  readonly path: string;
  readonly matchingHeuristics: boolean;
}

/**
 * Takes the query off a path or URL. The only one known is `?matching_heuristics=True`, as in detectron2. A
 * local file whose name really has a question mark is left alone.
 *
 * @throws {UnsupportedQueryError} for any other query.
 */
export function parseCheckpointPath(path: string): CheckpointPath {
  const mark = path.indexOf("?");
  if (mark < 0 || existsSync(path)) return { path, matchingHeuristics: false };
  const query = path.slice(mark + 1);
  const parameters = new URLSearchParams(query);
  const heuristics = parameters.getAll("matching_heuristics");
  parameters.delete("matching_heuristics");
  const isKnown = heuristics.every((value) => value === "True" || value === "False");
  if (parameters.size > 0 || !isKnown) throw new UnsupportedQueryError(path, query);
  return { path: path.slice(0, mark), matchingHeuristics: heuristics.includes("True") };
}

/**
 * Where downloads are kept: `DETECTRON_CACHE`, else `FVCORE_CACHE` (detectron2's own, whose files are then
 * shared), else `~/.cache/detectron-ts`.
 */
export function defaultCacheDir(): string {
  const { DETECTRON_CACHE, FVCORE_CACHE } = process.env;
  return DETECTRON_CACHE || FVCORE_CACHE || join(homedir(), ".cache", "detectron-ts");
}

/** The http(s) address that a path stands for, or undefined for a local path. */
export function checkpointUrl(path: string): string | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):\/\//.exec(path)?.[1].toLowerCase();
  switch (scheme) {
    case undefined:
    case "file":
      return undefined;
    case "http":
    case "https":
      return path;
    case "detectron2":
      return DETECTRON2_PREFIX + path.slice("detectron2://".length);
    case "catalog":
      return catalogUrl(path.slice("catalog://".length));
    default:
      throw new UnsupportedSchemeError(path, scheme);
  }
}

/**
 * A local file for a path, `http(s)://`, `file://`, `detectron2://` or `catalog://` address without query.
 * Remote files are downloaded once.
 *
 * @throws {DownloadError} one of its subclasses, when the file is remote and can't be had.
 */
export async function getLocalPath(path: string, options: LocalPathOptions = {}): Promise<string> {
  const url = checkpointUrl(path);
  if (url === undefined) return path.startsWith("file://") ? fileURLToPath(path) : path;
  const target = cachePath(url, options.cacheDir ?? defaultCacheDir());
  await download(url, target, options);
  return target;
}

/** The host whose files iopath's cache holds without a host, so that its folder can be shared. */
const DETECTRON_HOST = "dl.fbaipublicfiles.com";

/** Keeps the address's path below the cache folder; other hosts than detectron2's get a folder of their own. */
export function cachePath(url: string, cacheDir: string): string {
  const { host, pathname } = new URL(url);
  const folder = host === DETECTRON_HOST ? "" : host.replace(":", "_");
  const root = resolve(cacheDir);
  const target = resolve(root, folder, `.${pathname}`);
  if (pathname.endsWith("/") || !target.startsWith(root + sep)) {
    throw new DownloadError(url, "the address names no file");
  }
  return target;
}
