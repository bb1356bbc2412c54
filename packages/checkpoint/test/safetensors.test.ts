import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  float16ToFloat32,
  float32ToFloat16,
  InvalidTensorError,
  readSafetensors,
  type TensorValue,
  toFloat32,
  UnrecognizedFormatError,
  writeSafetensors,
} from "../src/index.ts";
import { expectedTensors, golden, temporaryFolder } from "./support/golden.ts";

const TENSORS = new Map<string, TensorValue>([
  ["weight", { shape: [2, 2], dtype: "float32", data: Float32Array.of(1, -0.1, 65504, 1e-8) }],
  ["count", { shape: [], dtype: "int64", data: BigInt64Array.of(3n) }],
  ["empty", { shape: [0, 4], dtype: "float32", data: new Float32Array(0) }],
  ["__proto__", { shape: [1], dtype: "bool", data: Uint8Array.of(1) }],
]);

describe("writeSafetensors", () => {
  it("writes what readSafetensors and other readers read", async () => {
    const path = join(temporaryFolder(), "a.safetensors");
    await writeSafetensors(path, TENSORS, { metadata: new Map([["__author__", "me"]]) });
    const { tensors, metadata } = await readSafetensors(path);
    expect(tensors).toEqual(TENSORS);
    expect(metadata).toEqual(new Map([["__author__", "me"]]));
    expect(expectedTensors(path).get("count")?.bytes.readBigInt64LE()).toBe(3n);
    // The data is aligned for every dtype.
    expect(Number(readFileSync(path).readBigUInt64LE()) % 8).toBe(0);
  });

  it("stores float32 as float16 on request, and nothing else", async () => {
    const path = join(temporaryFolder(), "a.safetensors");
    await writeSafetensors(path, TENSORS, { float16: true });
    const { tensors } = await readSafetensors(path);
    const weight = tensors.get("weight");
    expect(weight?.dtype).toBe("float16");
    expect(tensors.get("count")?.dtype).toBe("int64");
    const values = toFloat32("float16", weight?.data ?? new Uint16Array(0));
    expect([...values]).toEqual([1, -0.0999755859375, 65504, 0]);
  });

  it("round-trips a recorded file byte for byte", async () => {
    const path = join(temporaryFolder(), "a.safetensors");
    await writeSafetensors(path, (await readSafetensors(golden("dtypes.safetensors"))).tensors);
    expect(expectedTensors(path)).toEqual(expectedTensors(golden("dtypes.safetensors")));
  });

  it("leaves nothing behind when it fails", async () => {
    const folder = temporaryFolder();
    const wrong = new Map<string, TensorValue>([
      ["a", { shape: [2], dtype: "float32", data: new Float32Array(3) }],
    ]);
    await expect(writeSafetensors(join(folder, "a.safetensors"), wrong)).rejects.toThrow(
      InvalidTensorError,
    );
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("readSafetensors", () => {
  it("refuses other formats", async () => {
    await expect(readSafetensors(golden("tiny_modern_zip.pth"))).rejects.toThrow(
      UnrecognizedFormatError,
    );
  });
});

describe("half precision", () => {
  it("converts all 65536 halves to float32 and back", () => {
    const halves = Array.from({ length: 0x10000 }, (_, bits) => bits);
    const isNaNBits = (bits: number) => (bits & 0x7fff) > 0x7c00;
    const wrong = halves.filter((bits) => {
      const value = float16ToFloat32(bits);
      const expected = isNaNBits(bits) ? 0x7e00 : bits;
      return Number.isNaN(value) !== isNaNBits(bits) || float32ToFloat16(value) !== expected;
    });
    expect(wrong).toEqual([]);
  });

  it("rounds to nearest, ties to even, and overflows where PyTorch does", () => {
    expect(float32ToFloat16(1 + 2 ** -11)).toBe(0x3c00);
    expect(float32ToFloat16(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(float32ToFloat16(1 + 2 ** -11 + 2 ** -20)).toBe(0x3c01);
    expect(float32ToFloat16(65519)).toBe(0x7bff);
    expect(float32ToFloat16(65520)).toBe(0x7c00);
    expect(float32ToFloat16(-Infinity)).toBe(0xfc00);
    expect(float32ToFloat16(2 ** -25)).toBe(0);
    expect(float32ToFloat16(2 ** -25 * 1.5)).toBe(1);
    expect(float32ToFloat16(2 ** -24 * 1.5)).toBe(2);
    expect(float32ToFloat16(-0)).toBe(0x8000);
  });
});
