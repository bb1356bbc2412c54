import { crc32 } from "node:zlib";

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const ZIP64_END = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
const END = 0x06054b50;

/** Names are UTF-8. */
const FLAGS = 0x0800;
const VERSION = 20;
const VERSION_ZIP64 = 45;
/** 1980-01-01, the first day that a zip can name: equal content gives equal files. */
const DATE = 0x0021;

/** A field of 32 (16) bits that says this refers to its zip64 form. */
const MAX_32 = 0xffffffff;
const MAX_16 = 0xffff;

const ZIP64_EXTRA = 0x0001;
/** The extra field that PyTorch pads with: "FB", a length, and that many letters Z. */
const PADDING_EXTRA = 0x4246;
/** PyTorch's alignment of an entry's data, so that storages can be mapped into memory. */
const ALIGNMENT = 64;

/** Bytes that are summed at once. */
const CHUNK_BYTES = 1 << 26;

/** Takes the next bytes of the file. */
export type Write = (bytes: Uint8Array) => Promise<void>;

interface Entry {
  readonly name: Buffer;
  readonly size: number;
  readonly crc: number;
  readonly offset: number;
}

/**
 * Writes a zip of uncompressed entries whose data start at multiples of 64 bytes, as PyTorch's own writer
 * lays them out; with zip64 records where sizes, positions or the number of entries need them.
 */
export class StoredZipWriter {
  readonly #write: Write;
  readonly #entries: Entry[] = [];
  #position: number;

  /** @param position Byte of the file at which the first write lands. */
  constructor(write: Write, position = 0) {
    this.#write = write;
    this.#position = position;
  }

  /** Appends an entry. */
  async add(name: string, data: Uint8Array): Promise<void> {
    const entry: Entry = {
      name: Buffer.from(name),
      size: data.byteLength,
      crc: checksum(data),
      offset: this.#position,
    };
    this.#entries.push(entry);
    await this.#append(localHeader(entry));
    await this.#append(data);
  }

  /** Appends the directory. Nothing can be added afterwards. */
  async finish(): Promise<void> {
    const start = this.#position;
    const directory = Buffer.concat(this.#entries.map(centralHeader));
    await this.#append(directory);
    await this.#append(endRecords(this.#entries.length, start, directory.byteLength));
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#write(bytes);
    this.#position += bytes.byteLength;
  }
}

function checksum(data: Uint8Array): number {
  let crc = 0;
  for (let start = 0; start < data.byteLength; start += CHUNK_BYTES) {
    crc = crc32(data.subarray(start, start + CHUNK_BYTES), crc);
  }
  return crc;
}

/** What stands before an entry's data, padded so that they are aligned. */
function localHeader({ name, size, crc, offset }: Entry): Buffer {
  const isLarge = size >= MAX_32;
  const sizes = isLarge ? zip64Extra([size, size]) : Buffer.alloc(0);
  const header = Buffer.alloc(30);
  const unpadded = offset + header.byteLength + name.byteLength + sizes.byteLength + 4;
  const padding = Buffer.alloc(4 + ((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT), "Z");
  padding.writeUInt16LE(PADDING_EXTRA, 0);
  padding.writeUInt16LE(padding.byteLength - 4, 2);

  header.writeUInt32LE(LOCAL_HEADER, 0);
  header.writeUInt16LE(isLarge ? VERSION_ZIP64 : VERSION, 4);
  header.writeUInt16LE(FLAGS, 6);
  header.writeUInt16LE(DATE, 12);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(isLarge ? MAX_32 : size, 18);
  header.writeUInt32LE(isLarge ? MAX_32 : size, 22);
  header.writeUInt16LE(name.byteLength, 26);
  header.writeUInt16LE(sizes.byteLength + padding.byteLength, 28);
  return Buffer.concat([header, name, sizes, padding]);
}

/** An entry's line of the directory. */
function centralHeader({ name, size, crc, offset }: Entry): Buffer {
  const isLarge = size >= MAX_32 || offset >= MAX_32;
  const extra = isLarge ? zip64Extra([size, size, offset]) : Buffer.alloc(0);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(CENTRAL_HEADER, 0);
  header.writeUInt16LE(isLarge ? VERSION_ZIP64 : VERSION, 4);
  header.writeUInt16LE(isLarge ? VERSION_ZIP64 : VERSION, 6);
  header.writeUInt16LE(FLAGS, 8);
  header.writeUInt16LE(DATE, 14);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(isLarge ? MAX_32 : size, 20);
  header.writeUInt32LE(isLarge ? MAX_32 : size, 24);
  header.writeUInt16LE(name.byteLength, 28);
  header.writeUInt16LE(extra.byteLength, 30);
  header.writeUInt32LE(isLarge ? MAX_32 : offset, 42);
  return Buffer.concat([header, name, extra]);
}

function zip64Extra(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(ZIP64_EXTRA, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, i) => extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
  return extra;
}

/** What stands behind the directory: how many entries it has, where it starts and how long it is. */
function endRecords(count: number, start: number, length: number): Buffer {
  const isLarge = count >= MAX_16 || start >= MAX_32 || length >= MAX_32;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(isLarge ? MAX_16 : count, 8);
  end.writeUInt16LE(isLarge ? MAX_16 : count, 10);
  end.writeUInt32LE(isLarge ? MAX_32 : length, 12);
  end.writeUInt32LE(isLarge ? MAX_32 : start, 16);
  if (!isLarge) return end;

  const record = Buffer.alloc(56);
  record.writeUInt32LE(ZIP64_END, 0);
  // The length of the rest of the record.
  record.writeBigUInt64LE(BigInt(record.byteLength - 12), 4);
  record.writeUInt16LE(VERSION_ZIP64, 12);
  record.writeUInt16LE(VERSION_ZIP64, 14);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(length), 40);
  record.writeBigUInt64LE(BigInt(start), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(ZIP64_LOCATOR, 0);
  locator.writeBigUInt64LE(BigInt(start + length), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator, end]);
}
