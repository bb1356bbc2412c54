import { open, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileSource } from "../src/byte-source.ts";
import { ZipArchive } from "../src/formats/zip-archive.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { StoredZipWriter } from "../src/write/stored-zip.ts";
import { temporaryFolder } from "./support/golden.ts";

/** Writes a zip's bytes from `position` on; what is before is a hole that takes no disk space. */
async function writeAt(position: number, fill: (zip: StoredZipWriter) => Promise<void>) {
  const path = join(temporaryFolder(), "a.zip");
  const file = await open(path, "wx");
  let at = position;
  const zip = new StoredZipWriter(async (bytes) => {
    at += (await file.write(bytes, 0, bytes.byteLength, at)).bytesWritten;
  }, position);
  await fill(zip);
  await zip.finish();
  await file.close();
  return path;
}

async function readEntry(path: string, name: string): Promise<string> {
  const file = new FileSource(path);
  try {
    const entry = (await ZipArchive.open(file, DEFAULT_LIMITS)).entries.get(name);
    const bytes = Buffer.alloc(entry?.byteLength ?? 0);
    await entry?.read(bytes, 0);
    return bytes.toString();
  } finally {
    file.close();
  }
}

describe("zip64", () => {
  it("lets entries and the directory lie behind four gigabytes", async () => {
    const path = await writeAt(5 * 2 ** 30, async (zip) => {
      await zip.add("a/first", Buffer.from("one"));
      await zip.add("a/second", Buffer.from("two"));
    });
    expect(await readEntry(path, "a/second")).toBe("two");
    await truncate(path);
  });

  it("lets there be more than 65535 entries", async () => {
    const chunks: Buffer[] = [];
    const zip = new StoredZipWriter(async (bytes) => void chunks.push(Buffer.from(bytes)));
    const empty = Buffer.alloc(0);
    for (let i = 0; i < 65_536; i++) await zip.add(`a/${i}`, empty);
    await zip.add("a/last", Buffer.from("here"));
    await zip.finish();
    const path = join(temporaryFolder(), "a.zip");
    const file = await open(path, "wx");
    await file.writeFile(Buffer.concat(chunks));
    await file.close();
    expect(await readEntry(path, "a/last")).toBe("here");
  });
});
