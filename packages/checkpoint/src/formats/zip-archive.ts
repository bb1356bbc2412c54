import { fromFd, type Entry, type ZipFile } from "yauzl";
import { type FileSource } from "../byte-source.ts";
import { CheckpointError, MalformedArchiveError, TruncatedFileError } from "../errors.ts";
import { checkLimit, type CheckpointLimits } from "../limits.ts";
import { RangeStorage, type Storage } from "../storage.ts";

const LOCAL_HEADER_SIGNATURE = 0x04034b50;
const LOCAL_HEADER_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;

/**
 * A zip file (zip64 included) whose entries are read at random. yauzl reads the central directory and
 * inflates; stored entries, which is all that torch writes, are read straight from the file.
 */
export class ZipArchive {
  readonly entries: ReadonlyMap<string, Storage>;

  private constructor(entries: ReadonlyMap<string, Storage>) {
    this.entries = entries;
  }

  /**
   * Reads the directory and checks all sizes that it claims, before anything is allocated for them.
   *
   * @throws {MalformedArchiveError} when the directory is damaged, has duplicate names, overlapping entries,
   *   encryption or an unknown compression.
   * @throws {LimitExceededError} when there are too many entries or they inflate too far.
   */
  static async open(file: FileSource, limits: CheckpointLimits): Promise<ZipArchive> {
    const zip = await openDirectory(file);
    checkLimit(limits, "maxZipEntries", zip.entryCount, "the number of zip entries");
    const directory = await listEntries(zip);

    let compressed = 0;
    let uncompressed = 0;
    const entries = new Map<string, Storage>();
    for (const entry of directory) {
      compressed += entry.compressedSize;
      uncompressed += entry.uncompressedSize;
      if (entries.has(entry.fileName)) {
        throw new MalformedArchiveError(`there are two entries named "${entry.fileName}"`);
      }
      entries.set(entry.fileName, entryStorage(file, zip, entry));
    }
    // Entries that share bytes (a bomb whose directory names one deflate stream many times) exceed the file.
    if (compressed > file.size) {
      throw new MalformedArchiveError(
        `its entries claim ${compressed} bytes of a file of ${file.size}`,
      );
    }
    const ratio = Math.ceil(uncompressed / Math.max(1, compressed));
    checkLimit(limits, "maxZipRatio", ratio, "the zip's ratio of uncompressed to compressed bytes");
    return new ZipArchive(entries);
  }
}

function openDirectory(file: FileSource): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    const options = { lazyEntries: true, autoClose: false, strictFileNames: true };
    fromFd(file.descriptor, options, (error, zip) => {
      if (error) reject(wrap(error));
      else resolve(zip);
    });
  });
}

function listEntries(zip: ZipFile): Promise<readonly Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on("entry", (entry: Entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.on("end", () => resolve(entries));
    zip.on("error", (error: Error) => reject(wrap(error)));
    zip.readEntry();
  });
}

function entryStorage(file: FileSource, zip: ZipFile, entry: Entry): Storage {
  if (entry.isEncrypted()) throw new MalformedArchiveError(`"${entry.fileName}" is encrypted`);
  if (entry.compressionMethod === DEFLATED) return new InflatedStorage(zip, entry);
  if (entry.compressionMethod !== STORED) {
    throw new MalformedArchiveError(
      `"${entry.fileName}" has compression method ${entry.compressionMethod}; only stored (0) and deflated (8) are known`,
    );
  }
  const end = entry.relativeOffsetOfLocalHeader + LOCAL_HEADER_BYTES + entry.compressedSize;
  if (end > file.size) {
    const position = entry.relativeOffsetOfLocalHeader;
    throw new TruncatedFileError(
      `"${entry.fileName}"`,
      position,
      end - position,
      file.size - position,
    );
  }
  return new StoredStorage(file, entry);
}

/** An entry without compression. Its data starts behind the local header, which is read when first needed. */
class StoredStorage implements Storage {
  readonly #file: FileSource;
  readonly #entry: Entry;
  #range: Promise<RangeStorage> | undefined;

  constructor(file: FileSource, entry: Entry) {
    this.#file = file;
    this.#entry = entry;
  }

  get byteLength(): number {
    return this.#entry.uncompressedSize;
  }

  async read(target: Uint8Array, offset: number): Promise<void> {
    this.#range ??= this.#locate();
    await (await this.#range).read(target, offset);
  }

  async #locate(): Promise<RangeStorage> {
    const { relativeOffsetOfLocalHeader: start, fileName } = this.#entry;
    const header = Buffer.alloc(LOCAL_HEADER_BYTES);
    await this.#file.read(header, start);
    if (header.readUInt32LE(0) !== LOCAL_HEADER_SIGNATURE) {
      throw new MalformedArchiveError(`"${fileName}" has no local header at byte ${start}`);
    }
    const position = start + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
    return new RangeStorage(this.#file, position, this.byteLength);
  }
}

/** A deflated entry: inflated anew for each read, as nothing but the wanted bytes is kept. */
class InflatedStorage implements Storage {
  readonly #zip: ZipFile;
  readonly #entry: Entry;

  constructor(zip: ZipFile, entry: Entry) {
    this.#zip = zip;
    this.#entry = entry;
  }

  get byteLength(): number {
    return this.#entry.uncompressedSize;
  }

  async read(target: Uint8Array, offset: number): Promise<void> {
    const stream = await this.#open();
    let position = 0;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        // The part of the chunk that lies within the wanted range.
        const from = Math.max(0, offset - position);
        const to = Math.min(chunk.byteLength, offset + target.byteLength - position);
        if (from < to) target.set(chunk.subarray(from, to), position + from - offset);
        position += chunk.byteLength;
      }
    } catch (error) {
      throw wrap(error);
    }
  }

  #open(): Promise<NodeJS.ReadableStream> {
    return new Promise((resolve, reject) => {
      this.#zip.openReadStream(this.#entry, (error, stream) => {
        if (error) reject(wrap(error));
        else resolve(stream);
      });
    });
  }
}

function wrap(error: unknown): Error {
  if (error instanceof CheckpointError) return error;
  return new MalformedArchiveError(error instanceof Error ? error.message : String(error));
}
