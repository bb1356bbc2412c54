import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { EventStorage, TensorboardXWriter } from "@detectron-ts/events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { crc32c } from "../src/tensorboard/crc32c.ts";

let logDir: string;
beforeEach(async () => {
  logDir = await mkdtemp(join(tmpdir(), "events-"));
});
afterEach(() => rm(logDir, { recursive: true }));

/** The fields of a message as raw values, by number; what they mean is up to the caller. */
function fields(bytes: Uint8Array): Map<number, unknown[]> {
  const reader = new BinaryReader(bytes);
  const result = new Map<number, unknown[]>();
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    result.set(field, [...(result.get(field) ?? []), readValue(reader, wireType)]);
  }
  return result;
}

function readValue(reader: BinaryReader, wireType: WireType): unknown {
  if (wireType === WireType.Varint) return reader.int64();
  if (wireType === WireType.Bit64) return reader.double();
  if (wireType === WireType.Bit32) return reader.float();
  return reader.bytes();
}

function message(parent: Map<number, unknown[]>, field: number): Map<number, unknown[]> {
  const [bytes] = parent.get(field) ?? [];
  if (!(bytes instanceof Uint8Array)) throw new Error(`field ${field} is no message`);
  return fields(bytes);
}

function text(parent: Map<number, unknown[]>, field: number): string {
  return Buffer.from(parent.get(field)?.[0] as Uint8Array).toString();
}

/** Takes the events out of their TFRecord frames, checksums verified bit by bit. */
function readEvents(file: Buffer): Map<number, unknown[]>[] {
  const checksum = (bytes: Uint8Array): number => {
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    const value = ~crc >>> 0;
    return ((((value >>> 15) | (value << 17)) >>> 0) + 0xa282ead8) % 2 ** 32;
  };
  const events: Map<number, unknown[]>[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(checksum(file.subarray(at, at + 8)));
    const content = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(checksum(content));
    events.push(fields(content));
    at += length + 16;
  }
  return events;
}

async function onlyFile(): Promise<Buffer> {
  const names = await readdir(logDir);
  expect(names).toHaveLength(1);
  expect(names[0]).toMatch(/^events\.out\.tfevents\.\d{10}\./);
  return readFile(join(logDir, names[0]));
}

describe("CRC-32C", () => {
  it("agrees with the published check values", () => {
    // The catalogue's check string, and RFC 3720, B.4.
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(new Uint8Array(0))).toBe(0);
  });
});

describe("TensorboardXWriter", () => {
  it("writes scalars once, at their iteration, smoothed where hinted", async () => {
    const writer = new TensorboardXWriter({ logDir });
    using storage = new EventStorage(300);
    storage.putScalar("loss", 1);
    storage.putScalar("loss", 2);
    storage.putScalar("lr", 0.25, { smoothingHint: false });
    writer.write();
    writer.write();
    storage.step();
    storage.putScalar("bbox/AP", -7.5);
    writer.write();
    writer.close();

    const [version, ...events] = readEvents(await onlyFile());
    expect(text(version, 3)).toBe("brain.Event:2");
    const scalars = events.map((event) => {
      const value = message(message(event, 5), 1);
      return [Number(event.get(2)?.[0]), text(value, 1), value.get(2)?.[0]];
    });
    expect(scalars).toEqual([
      [300, "loss", 1.5],
      [300, "lr", 0.25],
      [301, "bbox/AP", -7.5],
    ]);
    const wallTime = events[0].get(1)?.[0] as number;
    expect(Math.abs(Date.now() / 1000 - wallTime)).toBeLessThan(60);
  });

  it("writes images as PNG and takes them out of the storage", async () => {
    const writer = new TensorboardXWriter({ logDir });
    using storage = new EventStorage(4);
    const data = Uint8Array.from({ length: 3 * 2 * 5 }, (_, i) => i * 7);
    storage.putImage("val/picture", { data, shape: [3, 2, 5] });
    storage.putImage("grey", { data: data.subarray(0, 10), shape: [1, 2, 5] });
    writer.write();
    expect(storage.images()).toEqual([]);
    writer.close();

    const [, colour, grey] = readEvents(await onlyFile());
    const value = message(message(colour, 5), 1);
    expect(text(value, 1)).toBe("val/picture");
    const image = message(value, 4);
    expect([1, 2, 3].map((field) => Number(image.get(field)?.[0]))).toEqual([2, 5, 3]);
    const decoded = await sharp(image.get(4)?.[0] as Uint8Array)
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(decoded.info).toMatchObject({ width: 5, height: 2, channels: 3 });
    const hwc = Array.from({ length: 30 }, (_, i) => data[(i % 3) * 10 + Math.floor(i / 3)]);
    expect([...decoded.data]).toEqual(hwc);

    const greyImage = message(message(message(grey, 5), 1), 4);
    const greyPixels = await sharp(greyImage.get(4)?.[0] as Uint8Array)
      .toColourspace("b-w")
      .raw()
      .toBuffer();
    expect([...greyPixels]).toEqual([...data.subarray(0, 10)]);
  });

  it("writes histograms and takes them out of the storage", async () => {
    const writer = new TensorboardXWriter({ logDir });
    using storage = new EventStorage(4);
    storage.putHistogram("weights", [-1, 0, 1, 1], { bins: 2 });
    writer.write();
    expect(storage.histograms()).toEqual([]);
    writer.close();

    const [, event] = readEvents(await onlyFile());
    const histogram = message(message(message(event, 5), 1), 5);
    expect([1, 2, 3, 4, 5].map((field) => histogram.get(field)?.[0])).toEqual([-1, 1, 4, 1, 3]);
    const doubles = (field: number): number[] => {
      const bytes = Buffer.from(histogram.get(field)?.[0] as Uint8Array);
      return Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(i * 8));
    };
    expect(doubles(6)).toEqual([0, 1]);
    expect(doubles(7)).toEqual([1, 3]);
  });

  it("gives each writer a file of its own, so that a resumed run overwrites nothing", async () => {
    for (let i = 0; i < 2; i++) new TensorboardXWriter({ logDir }).close();
    expect(await readdir(logDir)).toHaveLength(2);
  });
});
