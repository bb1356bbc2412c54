import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  CheckpointWriteError,
  InvalidTensorError,
  OrderedDict,
  PythonFloat,
  PythonTuple,
  readCheckpoint,
  readSafetensors,
  type TensorValue,
  UnserializableValueError,
  writePth,
} from "../src/index.ts";
import { readValue } from "../src/load/loaded-value.ts";
import { golden, goldenJson, temporaryFolder } from "./support/golden.ts";
import { storedEntries } from "./support/zip-reader.ts";

/** What is read back of a value that was written. */
async function roundTrip(value: unknown): Promise<unknown> {
  const path = join(temporaryFolder(), "a.pth");
  await writePth(path, { model: new Map(), value });
  await using checkpoint = await readCheckpoint(path);
  return await readValue(checkpoint.extra.get("value") ?? null);
}

function float32(...values: number[]): TensorValue {
  return { shape: [values.length], dtype: "float32", data: Float32Array.from(values) };
}

/** Tensors of a recorded file, by their dotted paths. */
async function recorded(name: string): Promise<ReadonlyMap<string, TensorValue>> {
  const tensors = new Map<string, TensorValue>();
  await using checkpoint = await readCheckpoint(golden(name));
  for (const [path, tensor] of checkpoint.tensors) tensors.set(path, await tensor.read());
  return tensors;
}

/** Expects the same records as torch wrote, byte for byte, but for the byte order that newer torch adds. */
function expectTorchRecords(path: string, name: string): void {
  const expected = storedEntries(readFileSync(golden(name)));
  const written = storedEntries(readFileSync(path));
  expect([...written.keys()].filter((key) => !key.endsWith("/byteorder"))).toEqual([
    ...expected.keys(),
  ]);
  for (const [key, { data }] of expected) {
    expect([key, written.get(key)?.data.toString("hex")]).toEqual([key, data.toString("hex")]);
  }
  for (const { position } of written.values()) expect(position % 64).toBe(0);
}

describe("writePth against torch.save", () => {
  it("writes a state dict as torch does, byte for byte", async () => {
    const path = join(temporaryFolder(), "tiny_modern_zip.pth");
    await writePth(path, new OrderedDict(await recorded("tiny_modern_zip.pth")));
    expectTorchRecords(path, "tiny_modern_zip.pth");
  });

  it("writes a training checkpoint as torch does, byte for byte", async () => {
    const tensors = await recorded("training_zip.pth");
    const extra = goldenJson<{
      param_groups: Record<string, unknown>[];
      scheduler: unknown;
      iteration: number;
    }>("training.json");
    const version = new OrderedDict(new Map([["", { version: 1 }]]));
    const model = new OrderedDict(
      new Map(["weight", "bias"].map((name) => [name, tensors.get(`model.${name}`)])),
      new Map([["_metadata", version]]),
    );
    const momentum = (i: number): [number, unknown] => [
      i,
      { momentum_buffer: tensors.get(`optimizer.state.${i}.momentum_buffer`) },
    ];
    const optimizer = {
      state: new Map([momentum(0), momentum(1)]),
      param_groups: extra.param_groups,
    };
    const { scheduler, iteration } = extra;
    const path = join(temporaryFolder(), "training_zip.pth");
    await writePth(path, { model, optimizer, scheduler, iteration });
    expectTorchRecords(path, "training_zip.pth");
  });

  it.each([
    "tiny.safetensors",
    "dtypes.safetensors",
    "training.safetensors",
    "odd_numpy.safetensors",
  ])("%s comes back bit by bit", async (name) => {
    const { tensors } = await readSafetensors(golden(name));
    expect(await roundTrip(tensors)).toEqual(tensors);
  });

  it("names the byte order, and its folder after the file unless the name is unusual", async () => {
    const folder = temporaryFolder();
    await writePth(join(folder, "ordinary-1.0.pth"), new Map());
    const ordinary = storedEntries(readFileSync(join(folder, "ordinary-1.0.pth")));
    expect(ordinary.get("ordinary-1.0/byteorder")?.data.toString()).toBe("little");
    await writePth(join(folder, "über den Wolken.pth"), new Map());
    const unusual = storedEntries(readFileSync(join(folder, "über den Wolken.pth")));
    expect([...unusual.keys()]).toContain("archive/data.pkl");
  });
});

describe("writePth", () => {
  it("writes plain values of every kind", async () => {
    const value = new Map<string | number, unknown>([
      ["none", null],
      ["flags", [true, false]],
      ["ints", [0, 255, 256, 65535, 65536, 2 ** 31 - 1, -1, -128, -129, -(2 ** 31)]],
      ["longs", [2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, -(2 ** 53) + 1]],
      ["floats", [0.1, -0.5, 1e300, Infinity, -Infinity, 5e-324, 2 ** 60]],
      ["texts", ["", "a", "grün", "🙂"]],
      ["empty", [new Map(), []]],
      [7, "integer key"],
      ["many", Array.from({ length: 2500 }, (_, i) => i)],
      ["dict", new Map(Array.from({ length: 1001 }, (_, i) => [i, `text ${i}`]))],
    ]);
    expect(await roundTrip(value)).toEqual(value);
    expect(Object.is(((await roundTrip([-0])) as number[])[0], -0)).toBe(true);
    expect(await roundTrip(NaN)).toBeNaN();
  });

  it("writes bigints and keeps those that no number holds", async () => {
    const value = [2n ** 63n, -(2n ** 63n), 2n ** 200n, -(2n ** 127n), 2n ** 127n];
    expect(await roundTrip(value)).toEqual(value);
    expect(await roundTrip([5n, -1n, 128n])).toEqual([5, -1, 128]);
  });

  it("writes tuples, floats that are whole, and plain objects", async () => {
    const value = {
      betas: new PythonTuple([0.9, 0.999]),
      nested: new PythonTuple([1, 2, 3, new PythonTuple([])]),
      lr: new PythonFloat(1),
      group: { lr: 0.5 },
    };
    expect(await roundTrip(value)).toEqual(
      new Map<string, unknown>([
        ["betas", [0.9, 0.999]],
        ["nested", [1, 2, 3, []]],
        ["lr", 1],
        ["group", new Map([["lr", 0.5]])],
      ]),
    );
  });

  it("writes what appears twice once: containers, and the storage of tied weights", async () => {
    const group = { lr: 0.5 };
    const tied = float32(1, 2, 3, 4);
    const flattened = tied;
    const reshaped = { ...tied, shape: [2, 2] };
    const path = join(temporaryFolder(), "a.pth");
    await writePth(path, { model: { a: tied, b: flattened, c: reshaped }, groups: [group, group] });
    const names = [...storedEntries(readFileSync(path)).keys()];
    expect(names.filter((name) => name.includes("/data/"))).toEqual(["a/data/0"]);
    await using checkpoint = await readCheckpoint(path);
    expect([...checkpoint.model].map(([name, { shape }]) => [name, shape])).toEqual([
      ["a", [4]],
      ["b", [4]],
      ["c", [2, 2]],
    ]);
    expect((await checkpoint.model.get("c")?.read())?.data).toEqual(tied.data);
    expect(checkpoint.extra.get("groups")).toEqual([
      new Map([["lr", 0.5]]),
      new Map([["lr", 0.5]]),
    ]);
  });

  it("writes a part of a larger array as that part alone", async () => {
    const whole = Float32Array.of(1, 2, 3, 4);
    const part: TensorValue = { shape: [2], dtype: "float32", data: whole.subarray(1, 3) };
    expect(await roundTrip(part)).toEqual(float32(2, 3));
  });

  it("takes tensors that give their elements through dataSync()", async () => {
    const tensor = { shape: [1], dtype: "int64", dataSync: () => BigInt64Array.of(-5n) };
    expect(await roundTrip(tensor)).toEqual({
      shape: [1],
      dtype: "int64",
      data: BigInt64Array.of(-5n),
    });
  });

  it("gives empty tensors torch's strides", async () => {
    const empty: TensorValue = { shape: [3, 0], dtype: "float32", data: new Float32Array(0) };
    expect(await roundTrip(empty)).toEqual(empty);
    const path = join(temporaryFolder(), "a.pth");
    await writePth(path, [empty]);
    const pickle = storedEntries(readFileSync(path)).get("a/data.pkl")?.data;
    // BININT1 1, BININT1 1, TUPLE2
    expect(pickle?.includes(Buffer.from([0x4b, 1, 0x4b, 1, 0x86]))).toBe(true);
  });

  const unserializable: [string, unknown, string, string][] = [
    ["undefined", { a: [undefined] }, "value.a.0", "undefined"],
    ["functions", { a: () => 1 }, "value.a", "a function"],
    ["instances of classes", [new Date(0)], "value.0", "an object of class Date"],
    ["sets", new Set([1]), "value", "an object of class Set"],
    ["dict keys that are objects", new Map([[{}, 1]]), "value", "a dict whose key is an object"],
    ["halves of surrogate pairs", "\ud800", "value", "a string with half a surrogate pair"],
    ["huge integers", 2n ** 2040n, "value", "an integer of more than 255 bytes"],
    [
      "dtypes that torch's format lacks",
      { shape: [1], dtype: "uint16", data: Uint16Array.of(1) },
      "value",
      "a tensor of dtype uint16 held in a Uint16Array",
    ],
    [
      "elements of another dtype",
      { shape: [1], dtype: "float32", data: Float64Array.of(1) },
      "value",
      "a tensor of dtype float32 held in a Float64Array",
    ],
  ];
  it.each(unserializable)("refuses %s, and says where", async (_, value, path, got) => {
    const folder = temporaryFolder();
    const error: unknown = await writePth(join(folder, "a.pth"), { value }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(UnserializableValueError);
    expect(error).toMatchObject({ path, got });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("refuses containers that hold themselves", async () => {
    const loop: unknown[] = [];
    loop.push({ loop });
    const write = writePth(join(temporaryFolder(), "a.pth"), loop);
    await expect(write).rejects.toThrow("cannot save 0.loop: it is a container that holds itself");
  });

  it("refuses a tensor whose data do not fill its shape", async () => {
    const wrong = { shape: [2], dtype: "float32", data: new Float32Array(3) };
    const write = writePth(join(temporaryFolder(), "a.pth"), { wrong });
    await expect(write).rejects.toThrow(InvalidTensorError);
  });

  it("leaves the file that was there, and nothing else, when it fails", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "a.pth");
    writeFileSync(path, "before");
    await expect(writePth(path, { f: () => 1 })).rejects.toThrow(UnserializableValueError);
    expect(readFileSync(path, "utf8")).toBe("before");
    expect(readdirSync(folder)).toEqual(["a.pth"]);
  });

  it("reports what the file system refuses", async () => {
    const path = join(temporaryFolder(), "missing", "a.pth");
    const error: unknown = await writePth(path, {}).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CheckpointWriteError);
    expect(error).toMatchObject({ code: "ENOENT", path });
    expect(String(error)).toContain("its folder does not exist");
  });
});
