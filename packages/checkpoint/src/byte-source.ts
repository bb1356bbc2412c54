import { closeSync, fstatSync, openSync, read, readSync } from "node:fs";
import { promisify } from "node:util";
import { CheckpointClosedError, CheckpointNotFoundError, TruncatedFileError } from "./errors.ts";

const readAsync = promisify(read);

/** Bytes with random access. Both reads fill `target` from `position` on or throw {@link TruncatedFileError}. */
export interface ByteSource {
  readonly size: number;
  readSync(target: Uint8Array, position: number): void;
  read(target: Uint8Array, position: number): Promise<void>;
}

/** A byte source over memory. */
export class MemorySource implements ByteSource {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.byteLength;
  }

  readSync(target: Uint8Array, position: number): void {
    checkRange(this, target.byteLength, position, "data");
    target.set(this.#bytes.subarray(position, position + target.byteLength));
  }

  async read(target: Uint8Array, position: number): Promise<void> {
    this.readSync(target, position);
  }
}

/** An open file. Nothing is read before it is asked for. */
export class FileSource implements ByteSource {
  readonly path: string;
  readonly size: number;
  #descriptor: number | undefined;

  /** @throws {CheckpointNotFoundError} when `path` is no regular file. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#descriptor = openSync(path, "r");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") {
        throw new CheckpointNotFoundError(path);
      }
      throw error;
    }
    const status = fstatSync(this.#descriptor);
    if (!status.isFile()) {
      this.close();
      throw new CheckpointNotFoundError(path);
    }
    this.size = status.size;
  }

  /** The open file's descriptor, for libraries that read by themselves. */
  get descriptor(): number {
    if (this.#descriptor === undefined) throw new CheckpointClosedError(this.path);
    return this.#descriptor;
  }

  readSync(target: Uint8Array, position: number): void {
    checkRange(this, target.byteLength, position, this.path);
    for (let done = 0; done < target.byteLength;) {
      const count = readSync(
        this.descriptor,
        target,
        done,
        target.byteLength - done,
        position + done,
      );
      done += this.#assertProgress(count, target.byteLength - done, position + done);
    }
  }

  async read(target: Uint8Array, position: number): Promise<void> {
    checkRange(this, target.byteLength, position, this.path);
    for (let done = 0; done < target.byteLength;) {
      const rest = target.byteLength - done;
      const { bytesRead } = await readAsync(this.descriptor, target, done, rest, position + done);
      done += this.#assertProgress(bytesRead, rest, position + done);
    }
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** A file that shrinks while it is read yields zero bytes. */
  #assertProgress(count: number, wanted: number, position: number): number {
    if (count === 0) throw new TruncatedFileError(this.path, position, wanted, 0);
    return count;
  }
}

function checkRange(source: ByteSource, length: number, position: number, what: string): void {
  if (position < 0 || position + length > source.size) {
    throw new TruncatedFileError(what, position, length, Math.max(0, source.size - position));
  }
}

/**
 * A forward reader over a byte source with a small window, so that a pickle's opcodes are read without its
 * payloads: those are skipped and stay in the file.
 */
export class ByteCursor {
  readonly source: ByteSource;
  position: number;
  readonly #window: Buffer;
  #windowStart = 0;
  #windowLength = 0;

  constructor(source: ByteSource, position = 0, windowSize = 1 << 16) {
    this.source = source;
    this.position = position;
    this.#window = Buffer.allocUnsafe(windowSize);
  }

  /** `length` bytes (at most the window size), valid until the next call. */
  take(length: number, what: string): Buffer {
    let start = this.position - this.#windowStart;
    if (start < 0 || start + length > this.#windowLength) {
      this.expect(length, what);
      this.#windowStart = this.position;
      this.#windowLength = Math.min(this.#window.byteLength, this.source.size - this.position);
      this.source.readSync(this.#window.subarray(0, this.#windowLength), this.position);
      start = 0;
    }
    this.position += length;
    return this.#window.subarray(start, start + length);
  }

  /** A copy of `length` bytes; the caller has checked the length against a limit. */
  copy(length: number, what: string): Buffer {
    if (length <= this.#window.byteLength) return Buffer.from(this.take(length, what));
    this.expect(length, what);
    const bytes = Buffer.allocUnsafe(length);
    this.source.readSync(bytes, this.position);
    this.position += length;
    return bytes;
  }

  /** Steps over `length` bytes that must exist and returns where they start. */
  skip(length: number, what: string): number {
    this.expect(length, what);
    const start = this.position;
    this.position += length;
    return start;
  }

  /** @throws {TruncatedFileError} unless `length` more bytes exist. */
  expect(length: number, what: string): void {
    const available = this.source.size - this.position;
    if (length > available) throw new TruncatedFileError(what, this.position, length, available);
  }
}
