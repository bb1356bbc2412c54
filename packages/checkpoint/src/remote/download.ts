import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import {
  DownloadError,
  HttpStatusError,
  IncompleteDownloadError,
  WrongLengthError,
} from "../errors.ts";
import { checkLimit, type CheckpointLimits, resolveLimits } from "../limits.ts";
import { checksumInFileName, verifyChecksum } from "./checksum.ts";

/** How far a download is. */
export interface DownloadProgress {
  readonly url: string;
  readonly receivedBytes: number;
  /** Undefined when the server does not say. */
  readonly totalBytes: number | undefined;
}

/** What a download can be told. */
export interface DownloadOptions {
  readonly limits?: Partial<CheckpointLimits>;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /**
   * Hexadecimal start of the file's MD5 or SHA-256. Default: the one in the file's name, where it has one;
   * `false` checks none.
   */
  readonly checksum?: string | false;
  /** How often an interrupted download is resumed before giving up; default 2. */
  readonly retries?: number;
  /** Milliseconds without a byte after which a connection counts as interrupted; default 60 000. */
  readonly stallTimeout?: number;
  readonly signal?: AbortSignal;
}

const inFlight = new Map<string, Promise<void>>();

/**
 * Downloads `url` to `path` unless that file exists. Bytes arrive in `path.part`, from where a later call
 * resumes; length and checksum are checked before it is renamed, so that `path` is complete whenever it
 * exists. Calls for the same file in one process share one download.
 *
 * @throws {DownloadError} one of its subclasses.
 */
export async function download(
  url: string,
  path: string,
  options: DownloadOptions = {},
): Promise<void> {
  if (existsSync(path)) return;
  const running = inFlight.get(path);
  if (running !== undefined) return running;
  const started = downloadWithRetries(url, path, options).finally(() => inFlight.delete(path));
  inFlight.set(path, started);
  return started;
}

async function downloadWithRetries(
  url: string,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  for (let attempt = 0; ; attempt++) {
    try {
      await transfer(url, part, options);
      break;
    } catch (error) {
      if (!(error instanceof IncompleteDownloadError) || attempt >= (options.retries ?? 2))
        throw error;
    }
  }
  const expected = options.checksum ?? checksumInFileName(basename(path));
  if (expected !== undefined && expected !== false) {
    try {
      await verifyChecksum(part, url, expected);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }
  await rename(part, path);
  await rm(validatorPath(part), { force: true });
}

/** One connection: appends to the part file what the server still has to send. */
async function transfer(url: string, part: string, options: DownloadOptions): Promise<void> {
  const existing = await sizeOf(part);
  const watchdog = new Watchdog(options.stallTimeout ?? 60_000, options.signal);
  try {
    const response = await request(url, part, existing, watchdog.signal);
    const { start, total } = await plan(response, url, part, existing);
    if (start === total) return;
    if (response.body === null) throw new DownloadError(url, "the answer has no body");
    const limits = resolveLimits(options.limits);
    if (total !== undefined) checkLimit(limits, "maxDownloadBytes", total, `the size of ${url}`);
    await rememberValidator(response, part);

    let received = start;
    const file = await open(part, start === 0 ? "w" : "a");
    try {
      for await (const chunk of response.body) {
        watchdog.reset();
        checkLimit(limits, "maxDownloadBytes", received + chunk.byteLength, `the size of ${url}`);
        await file.write(chunk);
        received += chunk.byteLength;
        options.onProgress?.({ url, receivedBytes: received, totalBytes: total });
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof TypeError || watchdog.signal.aborted) {
        throw new IncompleteDownloadError(url, received, total, { cause: error });
      }
      throw error;
    } finally {
      await file.close();
    }
    if (total !== undefined && received < total) {
      throw new IncompleteDownloadError(url, received, total);
    }
    // Another process that appends to the same file makes it longer than what came here.
    const written = await sizeOf(part);
    if (written !== (total ?? received)) {
      await rm(part, { force: true });
      throw new WrongLengthError(url, written, total ?? received);
    }
  } finally {
    watchdog.stop();
  }
}

async function request(
  url: string,
  part: string,
  existing: number,
  signal: AbortSignal,
): Promise<Response> {
  // Encoded bodies would make lengths and ranges mean something else.
  const headers = new Headers({ "Accept-Encoding": "identity" });
  if (existing > 0) {
    headers.set("Range", `bytes=${existing}-`);
    // If the file has changed since, the server sends all of it instead of the rest of another one.
    const validator = await readValidator(part);
    if (validator !== undefined) headers.set("If-Range", validator);
  }
  try {
    return await fetch(url, { headers, signal });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new DownloadError(url, cause instanceof Error ? cause.message : String(cause), {
      cause: error,
    });
  }
}

/** Where the answer's bytes belong, and how many the file has. */
async function plan(
  response: Response,
  url: string,
  part: string,
  existing: number,
): Promise<{ readonly start: number; readonly total: number | undefined }> {
  const { status } = response;
  if (status === 200) {
    // A server without ranges starts over; the part file is overwritten.
    const length = response.headers.get("Content-Length");
    return { start: 0, total: length === null ? undefined : Number(length) };
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("Content-Range") ?? "");
  if (status === 206 && range !== null && Number(range[1]) === existing) {
    return { start: existing, total: range[2] === "*" ? undefined : Number(range[2]) };
  }
  await response.body?.cancel();
  // Nothing is left to send: an earlier call got everything and stopped before renaming.
  if (status === 416 && response.headers.get("Content-Range") === `bytes */${existing}`) {
    return { start: existing, total: existing };
  }
  if (status === 206 || status === 416) {
    // The part file does not fit what the server has now; the next attempt starts from nothing.
    await rm(part, { force: true });
    throw new IncompleteDownloadError(url, 0, undefined);
  }
  throw new HttpStatusError(url, status, response.statusText);
}

/** Aborts when no byte has come for a while, or when the caller says so. */
class Watchdog {
  readonly signal: AbortSignal;
  readonly #stalled = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(timeout: number, signal: AbortSignal | undefined) {
    this.#timer = setTimeout(() => this.#stalled.abort(), timeout);
    const own = this.#stalled.signal;
    this.signal = signal === undefined ? own : AbortSignal.any([own, signal]);
  }

  reset(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

async function sizeOf(path: string): Promise<number> {
  return existsSync(path) ? (await stat(path)).size : 0;
}

function validatorPath(part: string): string {
  return `${part}.etag`;
}

async function readValidator(part: string): Promise<string | undefined> {
  const path = validatorPath(part);
  return existsSync(path) ? await readFile(path, "utf8") : undefined;
}

/** Keeps the answer's strong ETag (weak ones promise too little), or its date. */
async function rememberValidator(response: Response, part: string): Promise<void> {
  const etag = response.headers.get("ETag");
  const strong = etag !== null && !etag.startsWith("W/") ? etag : null;
  const validator = strong ?? response.headers.get("Last-Modified");
  if (validator !== null) await writeFile(validatorPath(part), validator);
  else await rm(validatorPath(part), { force: true });
}
