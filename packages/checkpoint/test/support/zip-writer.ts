import { crc32, deflateRawSync } from "node:zlib";

/** One entry of a zip to be written; sizes and methods may lie. */
export interface ZipEntrySpec {
  readonly name: string;
  readonly data: Buffer;
  readonly method?: number;
  /** Claimed in the directory instead of the truth. */
  readonly compressedSize?: number;
  readonly uncompressedSize?: number;
  readonly flags?: number;
  /** Use the local header and data of the entry before this one. */
  readonly overlapsPrevious?: boolean;
}

/** Assembles a zip, with zip64 records on demand. */
export function zipFile(
  entries: readonly ZipEntrySpec[],
  options: { readonly zip64?: boolean; readonly entryCount?: number } = {},
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  let previous = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const method = entry.method ?? 0;
    const stored = method === 8 ? deflateRawSync(entry.data) : entry.data;
    const compressed = entry.compressedSize ?? stored.byteLength;
    const uncompressed = entry.uncompressedSize ?? entry.data.byteLength;
    const offset = entry.overlapsPrevious ? previous : position;
    const header = Buffer.alloc(26);
    header.writeUInt16LE(20, 0);
    header.writeUInt16LE(entry.flags ?? 0, 2);
    header.writeUInt16LE(method, 4);
    header.writeUInt32LE(crc32(entry.data), 10);
    header.writeUInt32LE(options.zip64 ? 0xffffffff : compressed, 14);
    header.writeUInt32LE(options.zip64 ? 0xffffffff : uncompressed, 18);
    header.writeUInt16LE(name.byteLength, 22);
    if (!entry.overlapsPrevious) {
      const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), header, name, stored]);
      parts.push(local);
      previous = position;
      position += local.byteLength;
    }
    const extra = options.zip64 ? zip64Extra(uncompressed, compressed, offset) : Buffer.alloc(0);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(options.zip64 ? 0xffffffff : offset, 10);
    header.writeUInt16LE(extra.byteLength, 24);
    const central = [Buffer.from("PK\x01\x02", "latin1"), Buffer.from([20, 0]), header, rest];
    directory.push(...central, name, extra);
  }
  const central = Buffer.concat(directory);
  const count = options.entryCount ?? entries.length;
  const tail: Buffer[] = [];
  if (options.zip64) {
    const record = Buffer.alloc(56);
    record.write("PK\x06\x06", "latin1");
    record.writeBigUInt64LE(44n, 4);
    record.writeBigUInt64LE(BigInt(count), 24);
    record.writeBigUInt64LE(BigInt(count), 32);
    record.writeBigUInt64LE(BigInt(central.byteLength), 40);
    record.writeBigUInt64LE(BigInt(position), 48);
    const locator = Buffer.alloc(20);
    locator.write("PK\x06\x07", "latin1");
    locator.writeBigUInt64LE(BigInt(position + central.byteLength), 8);
    locator.writeUInt32LE(1, 16);
    tail.push(record, locator);
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(options.zip64 ? 0xffff : count, 8);
  end.writeUInt16LE(options.zip64 ? 0xffff : count, 10);
  end.writeUInt32LE(central.byteLength, 12);
  end.writeUInt32LE(options.zip64 ? 0xffffffff : position, 16);
  return Buffer.concat([...parts, central, ...tail, end]);
}

function zip64Extra(uncompressed: number, compressed: number, offset: number): Buffer {
  const extra = Buffer.alloc(28);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(24, 2);
  extra.writeBigUInt64LE(BigInt(uncompressed), 4);
  extra.writeBigUInt64LE(BigInt(compressed), 12);
  extra.writeBigUInt64LE(BigInt(offset), 20);
  return extra;
}

/** A torch zip of a pickle and its storages. */
export function torchZip(
  pickle: Buffer,
  storages: Readonly<Record<string, Buffer>>,
  method = 0,
): ZipEntrySpec[] {
  return [
    { name: "archive/data.pkl", data: pickle, method },
    ...Object.entries(storages).map(([key, data]) => ({
      name: `archive/data/${key}`,
      data,
      method,
    })),
    { name: "archive/version", data: Buffer.from("3\n") },
  ];
}
