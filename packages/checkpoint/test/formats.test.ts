import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  inspectCheckpoint,
  readCheckpoint,
  readFloat32,
  type CheckpointTensor,
  type CheckpointValue,
} from "../src/index.ts";
import { expectedTensors, type ExpectedTensor, golden, goldenJson } from "./support/golden.ts";

/** The bytes of a tensor in the dtype that the golden file gives it: floats as F32, small integers as I64. */
async function bytesAs(tensor: CheckpointTensor, dtype: string): Promise<Buffer> {
  const { data } = await tensor.read();
  if (dtype === "F32") return Buffer.from((await readFloat32(tensor)).buffer);
  if (dtype === "I64" && !(data instanceof BigInt64Array)) {
    const values = Array.from(data as ArrayLike<number>, BigInt);
    return Buffer.from(BigInt64Array.from(values).buffer);
  }
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

async function expectSame(
  actual: ReadonlyMap<string, CheckpointTensor>,
  expected: ReadonlyMap<string, ExpectedTensor>,
): Promise<void> {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, { dtype, shape, bytes }] of expected) {
    const tensor = actual.get(name);
    if (tensor === undefined) throw new Error(`${name} is missing`);
    expect([name, tensor.shape]).toEqual([name, shape]);
    const actualBytes = await bytesAs(tensor, dtype);
    expect([name, actualBytes.toString("hex")]).toEqual([name, bytes.toString("hex")]);
  }
}

describe("every file format gives the same tensors, bit for bit", () => {
  const cases: [file: string, expected: string, format: string][] = [
    ["tiny_modern_zip.pth", "tiny", "torch-zip"],
    ["tiny_legacy.pth", "tiny", "torch-legacy"],
    ["tiny_zoo_protocol2.pkl", "tiny", "pickle"],
    ["tiny_zoo_protocol4.pkl", "tiny", "pickle"],
    ["tiny.safetensors", "tiny", "safetensors"],
    ["odd_numpy.pkl", "odd_numpy", "pickle"],
    ["dtypes_zip.pth", "dtypes", "torch-zip"],
    ["dtypes_legacy.pth", "dtypes", "torch-legacy"],
    ["views_zip.pth", "views", "torch-zip"],
    ["views_legacy.pth", "views", "torch-legacy"],
  ];
  it.each(cases)("%s holds the tensors of %s.safetensors", async (file, expected, format) => {
    await using checkpoint = await readCheckpoint(golden(file));
    expect(checkpoint.format).toBe(format);
    expect(checkpoint.invalidModelKeys).toEqual([]);
    await expectSame(checkpoint.model, expectedTensors(golden(`${expected}.safetensors`)));
  });

  it.each(["training_zip.pth", "training_legacy.pth"])(
    "%s keeps optimizer, scheduler and iteration beside the model",
    async (file) => {
      await using checkpoint = await readCheckpoint(golden(file));
      const expected = expectedTensors(golden("training.safetensors"));
      await expectSame(checkpoint.tensors, expected);
      expect([...checkpoint.model.keys()]).toEqual(["weight", "bias"]);
      const json = goldenJson<Record<string, unknown>>("training.json");
      expect(plain(checkpoint.extra.get("iteration"))).toEqual(json.iteration);
      expect(plain(checkpoint.extra.get("scheduler"))).toEqual(json.scheduler);
      const optimizer = plain(checkpoint.extra.get("optimizer")) as Record<string, unknown>;
      expect(optimizer.param_groups).toEqual(json.param_groups);
    },
  );
});

describe("dtypes", () => {
  it("keeps each dtype as the file has it", async () => {
    await using checkpoint = await readCheckpoint(golden("dtypes_zip.pth"));
    const dtypes = [...checkpoint.model].map(([name, { dtype }]) => [name, dtype]);
    expect(Object.fromEntries(dtypes)).toEqual({
      half: "float16",
      bfloat16: "bfloat16",
      double: "float64",
      int64: "int64",
      int32: "int32",
      int16: "int16",
      int8: "int8",
      uint8: "uint8",
      bool: "bool",
      zero_dim_float: "float32",
      zero_dim_int: "int64",
      half_special: "float16",
    });
  });
});

describe("inspectCheckpoint", () => {
  it("lists tensors, imports and metadata without reading elements", async () => {
    const summary = await inspectCheckpoint(golden("training_zip.pth"));
    expect(summary.byteLength).toBe(readFileSync(golden("training_zip.pth")).byteLength);
    expect(summary.tensors).toContainEqual({
      name: "optimizer.state.0.momentum_buffer",
      dtype: "float32",
      shape: [2, 3],
      byteLength: 24,
    });
    expect(summary.imports).toEqual([
      "collections.OrderedDict",
      "torch._utils._rebuild_tensor_v2",
      "torch.FloatStorage",
    ]);
    expect(summary.unknownImports).toEqual([]);
    expect(summary.metadata.get("iteration")).toBe(2);
    expect(summary.metadata.get("optimizer.param_groups.0.momentum")).toBe(0.9);
  });

  it("tells who wrote a zoo file", async () => {
    const summary = await inspectCheckpoint(golden("odd_numpy.pkl"));
    expect(summary.author).toBe("golden generator");
    expect(summary.metadata.get("__author__")).toBe("golden generator");
  });
});

function plain(value: CheckpointValue | undefined): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]));
  }
  return Array.isArray(value) ? value.map(plain) : value;
}
