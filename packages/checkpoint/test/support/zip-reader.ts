/** An entry of a zip without compression. */
export interface StoredEntry {
  /** Byte of the file where the data start. */
  readonly position: number;
  readonly data: Buffer;
}

/**
 * The entries of an uncompressed zip in the directory's order, read by an own minimal parser so that what is
 * expected does not come from the code under test.
 */
export function storedEntries(file: Buffer): Map<string, StoredEntry> {
  const end = file.lastIndexOf("PK\x05\x06", undefined, "latin1");
  const entries = new Map<string, StoredEntry>();
  let at = file.readUInt32LE(end + 16);
  for (let i = 0; i < file.readUInt16LE(end + 10); i++) {
    const size = file.readUInt32LE(at + 24);
    const nameLength = file.readUInt16LE(at + 28);
    const header = file.readUInt32LE(at + 42);
    const name = file.toString("utf8", at + 46, at + 46 + nameLength);
    const position = header + 30 + file.readUInt16LE(header + 26) + file.readUInt16LE(header + 28);
    entries.set(name, { position, data: file.subarray(position, position + size) });
    at += 46 + nameLength + file.readUInt16LE(at + 30);
  }
  return entries;
}
