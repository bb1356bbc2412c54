import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { goldenRoot, goldenTensors, loadGolden, nullToNaN, readSafetensors } from "../src/index.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "golden-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes one tensor per dtype, back to back, so that most lie at unaligned offsets. */
function writeEveryDtype(path: string): void {
  const parts: [name: string, dtype: string, shape: number[], bytes: Uint8Array][] = [
    ["u8", "U8", [3], Uint8Array.of(1, 2, 255)],
    ["bool", "BOOL", [2, 1], Uint8Array.of(1, 0)],
    ["f16", "F16", [4], new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00).buffer)],
    ["bf16", "BF16", [2], new Uint8Array(Uint16Array.of(0x3f80, 0xc040).buffer)],
    ["f32", "F32", [2], new Uint8Array(Float32Array.of(0.5, NaN).buffer)],
    ["f64", "F64", [], new Uint8Array(Float64Array.of(0.1).buffer)],
    ["i32", "I32", [1], new Uint8Array(Int32Array.of(-7).buffer)],
    ["i64", "I64", [0], new Uint8Array(0)],
  ];
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  for (const [name, dtype, shape, bytes] of parts) {
    header[name] = { dtype, shape, data_offsets: [offset, (offset += bytes.length)] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, ...parts.map(([, , , bytes]) => bytes)]));
}

describe("readSafetensors", () => {
  it("reads every dtype, unaligned and empty ones included", () => {
    writeEveryDtype(join(folder, "case.safetensors"));
    const tensors = readSafetensors(join(folder, "case.safetensors"));
    expect([...tensors.keys()]).toEqual(["u8", "bool", "f16", "bf16", "f32", "f64", "i32", "i64"]);
    expect(tensors.get("u8")!.data).toEqual(Uint8Array.of(1, 2, 255));
    expect(tensors.get("bool")).toEqual({
      dtype: "BOOL",
      shape: [2, 1],
      data: Uint8Array.of(1, 0),
    });
    expect(tensors.get("f16")!.data).toEqual(Float32Array.of(1, -2, 2 ** -24, Infinity));
    expect(tensors.get("bf16")!.data).toEqual(Float32Array.of(1, -3));
    expect(tensors.get("f32")!.data).toEqual(Float32Array.of(0.5, NaN));
    expect(tensors.get("f64")).toEqual({ dtype: "F64", shape: [], data: Float64Array.of(0.1) });
    expect(tensors.get("i32")!.data).toEqual(Int32Array.of(-7));
    expect(tensors.get("i64")!.data).toEqual(new BigInt64Array(0));
  });
});

describe("loadGolden", () => {
  it("pairs the tensors with the parsed JSON, whichever of the two it is given", () => {
    writeEveryDtype(join(folder, "pair.safetensors"));
    writeFileSync(join(folder, "pair.json"), '{"scores": [1, null]}');
    const golden = loadGolden<{ scores: (number | null)[] }>(join(folder, "pair.json"));
    expect(golden.uint8("u8").data).toHaveLength(3);
    expect(nullToNaN(golden.json)).toEqual({ scores: [1, NaN] });
  });

  it("names what exists when a tensor, a dtype or a case is missing", () => {
    writeEveryDtype(join(folder, "lone.safetensors"));
    const golden = loadGolden(join(folder, "lone"));
    expect(golden.json).toBeUndefined();
    expect(() => golden.tensor("boxes")).toThrow("No golden tensor boxes; there are u8, bool");
    expect(() => golden.float32("i32")).toThrow("has dtype I32");
    expect(() => loadGolden(join(folder, "none"))).toThrow("No golden case");
  });
});

describe.runIf(goldenRoot())("the shared golden data", () => {
  it("is found beside the repository and loads by group", () => {
    const golden = goldenTensors("ops/image_list");
    expect(golden.tensors.size).toBeGreaterThan(0);
    expect(golden.json).toHaveProperty("op", "image_list");
  });
});
