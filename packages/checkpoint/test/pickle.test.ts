import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type Checkpoint,
  type CheckpointValue,
  readCheckpoint,
  readFloat32,
} from "../src/index.ts";
import { goldenJson, temporaryFolder } from "./support/golden.ts";
import {
  floats,
  legacyFile,
  numpyArray,
  P,
  torchTensor,
  zooPickle,
} from "./support/pickle-writer.ts";
import { torchZip, zipFile } from "./support/zip-writer.ts";

function open(name: string, bytes: Buffer): Promise<Checkpoint> {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, bytes);
  return readCheckpoint(path);
}

async function valuesOf(name: string, bytes: Buffer): Promise<Record<string, number[]>> {
  await using checkpoint = await open(name, bytes);
  const values: Record<string, number[]> = {};
  for (const [key, tensor] of checkpoint.model) values[key] = [...(await readFloat32(tensor))];
  return values;
}

describe("what Python pickles", () => {
  const pickles = goldenJson<Record<string, string>>("plain_pickles.json");

  it.each(["0", "1", "2", "3", "4", "5"])("comes back in protocol %s", async (protocol) => {
    await using checkpoint = await open("m.pkl", Buffer.from(pickles[protocol], "base64"));
    const values = checkpoint.extra.get("values") as ReadonlyMap<string, CheckpointValue>;
    const expected: [string, CheckpointValue][] = [
      ["none", null],
      ["true", true],
      ["false", false],
      ["small", 7],
      ["byte", 200],
      ["short", 60000],
      ["int", -70000],
      ["big", 2 ** 40],
      ["huge", -(2n ** 80n)],
      ["float", 0.1],
      ["inf", Infinity],
      ["text", "naïve \u2603 \\ '\"\n"],
      ["long text", "x".repeat(5000)],
      ["list", [1, [2, [3]]]],
      ["tuple", [1]],
      ["pair", [1, 2]],
      ["triple", [1, 2, 3]],
      ["four", [1, 2, 3, 4]],
      ["unit", []],
      ["set", [5]],
      ["frozen", [6]],
      [
        "shared",
        [
          [1, 2],
          [1, 2],
        ],
      ],
      [
        "dict",
        new Map<string | number, string>([
          [1, "a"],
          ["(1, 2)", "b"],
        ]),
      ],
      ["counter", new Map([["a", 1]])],
      ["default", new Map([["k", 1]])],
    ];
    for (const [key, value] of expected) expect([key, values.get(key)]).toEqual([key, value]);
    // Up to protocol 2, bytes are text of one character per byte.
    const bytes = values.get("bytes");
    const text =
      typeof bytes === "string" ? bytes : Buffer.from(bytes as Uint8Array).toString("latin1");
    expect(text).toBe("\x00\xff\x80abc");
  });

  const numpy = goldenJson<{
    pickles: Record<string, string>;
    expected: Record<string, { dtype: string; shape: number[]; hex: string }>;
  }>("numpy_pickles.json");

  it.each(["0", "1", "2", "3", "4", "5"])(
    "of numpy 2 comes back in protocol %s",
    async (protocol) => {
      await using checkpoint = await open("m.pkl", Buffer.from(numpy.pickles[protocol], "base64"));
      expect([...checkpoint.model.keys()]).toEqual(Object.keys(numpy.expected));
      for (const [name, { dtype, shape, hex }] of Object.entries(numpy.expected)) {
        const tensor = checkpoint.model.get(name);
        const value = await tensor?.read();
        const bytes = Buffer.from(value?.data.buffer ?? new ArrayBuffer(0));
        expect([name, tensor?.dtype, tensor?.shape, bytes.toString("hex")]).toEqual([
          name,
          dtype,
          shape,
          hex,
        ]);
      }
    },
  );
});

describe("Python 2's pickles", () => {
  it("hold array bytes as str, short or long, and OrderedDicts as lists of pairs", async () => {
    const long = floats(...Array.from({ length: 400 }, (_, i) => i / 7));
    const binString = (bytes: Buffer) => {
      const length = Buffer.alloc(4);
      length.writeInt32LE(bytes.byteLength);
      return Buffer.concat([Buffer.from("T"), length, bytes]);
    };
    const pair = (key: string, value: Buffer) =>
      Buffer.concat([P.list, P.text(key), P.append, value, P.append]);
    const blobs = P.call(
      P.global("collections", "OrderedDict"),
      Buffer.concat([
        P.list,
        pair("a_w", numpyArray([2], binString(floats(0.5, -3)))),
        P.append,
        pair("b_w", numpyArray([400], binString(long))),
        P.append,
      ]),
    );
    const values = await valuesOf("m.pkl", P.pickle(P.dictOf([["blobs", blobs]])));
    expect(values.a_w).toEqual([0.5, -3]);
    expect(values.b_w).toEqual([...new Float32Array(long.buffer, long.byteOffset, 400)]);
  });

  it("of protocol 0 hold quoted strings with escapes", async () => {
    const text = "(dp0\nS'a\\n\\x41\\'\\\\\\101'\np1\nI42\nsS\"b\"\nL99L\nsS'model'\n(dp2\ns.";
    await using checkpoint = await open("m.pkl", Buffer.from(text, "latin1"));
    expect([...checkpoint.extra]).toEqual([
      ["a\nA'\\A", 42],
      ["b", 99],
    ]);
  });
});

describe("torch's variants", () => {
  const tensor = torchTensor({ count: 4, shape: [2, 2], strides: [1, 2] });
  const pickle = P.pickle(P.dictOf([["w", tensor]]));
  const storages = { 0: floats(1, 2, 3, 4) };
  const transposed = { w: [1, 3, 2, 4] };

  it("may be zip64", async () => {
    const bytes = zipFile(torchZip(pickle, storages), { zip64: true });
    expect(await valuesOf("m.pth", bytes)).toEqual(transposed);
  });

  it("may be deflated", async () => {
    const bytes = zipFile(torchZip(pickle, storages, 8));
    expect(await valuesOf("m.pth", bytes)).toEqual(transposed);
  });

  it("may be deflated, with views into the middle of a storage", async () => {
    const view = torchTensor({ count: 4, offset: 2, shape: [2], strides: [1] });
    const bytes = zipFile(torchZip(P.pickle(P.dictOf([["w", view]])), storages, 8));
    expect(await valuesOf("m.pth", bytes)).toEqual({ w: [3, 4] });
  });

  it("may be big-endian", async () => {
    const swapped = Buffer.from(storages[0]).swap32();
    const bytes = zipFile([
      ...torchZip(pickle, { 0: swapped }),
      { name: "archive/byteorder", data: Buffer.from("big") },
    ]);
    expect(await valuesOf("m.pth", bytes)).toEqual(transposed);
  });

  it("may have untyped storages, the dtype beside the tensor", async () => {
    const storage = P.tupleOf(
      P.text("storage"),
      P.global("torch.storage", "UntypedStorage"),
      P.text("0"),
      P.text("cpu"),
      P.int(8),
    );
    const v3 = P.call(
      P.global("torch._utils", "_rebuild_tensor_v3"),
      Buffer.concat([storage, P.persid]),
      P.int(1),
      P.tupleOf(P.int(3)),
      P.tupleOf(P.int(1)),
      P.false,
      P.call(P.global("collections", "OrderedDict")),
      P.global("torch", "uint16"),
    );
    const data = Buffer.from(Uint16Array.of(9, 1, 2, 65535).buffer);
    const bytes = zipFile(torchZip(P.pickle(P.dictOf([["w", v3]])), { 0: data }));
    expect(await valuesOf("m.pth", bytes)).toEqual({ w: [1, 2, 65535] });
  });

  it("may wrap a tensor's subclass or attributes", async () => {
    const inner = torchTensor({ count: 4, shape: [4], strides: [1] });
    // The arguments of torchTensor's own call, without the callable and REDUCE around them.
    const callable = P.global("torch._utils", "_rebuild_tensor_v2");
    const args = inner.subarray(callable.byteLength, inner.byteLength - 1);
    const wrapped = P.call(
      P.global("torch._tensor", "_rebuild_from_type_v2"),
      callable,
      P.global("torch.nn.parameter", "Parameter"),
      args,
      P.dict,
    );
    const bytes = zipFile(torchZip(P.pickle(P.dictOf([["w", wrapped]])), storages));
    expect(await valuesOf("m.pth", bytes)).toEqual({ w: [1, 2, 3, 4] });
  });

  it("may be legacy files with views of storages", async () => {
    const storage = P.tupleOf(
      P.text("storage"),
      P.global("torch", "FloatStorage"),
      P.text("7"),
      P.text("cpu"),
      P.int(4),
      P.tupleOf(P.text("8"), P.int(2), P.int(2)),
    );
    const view = P.call(
      P.global("torch._utils", "_rebuild_tensor"),
      Buffer.concat([storage, P.persid]),
      P.int(1),
      P.tupleOf(P.int(1)),
      P.tupleOf(P.int(1)),
    );
    const bytes = legacyFile(P.pickle(P.dictOf([["w", view]])), [["7", 4, storages[0]]]);
    expect(await valuesOf("m.pth", bytes)).toEqual({ w: [4] });
  });
});

describe("reading on demand", () => {
  it("is refused after close", async () => {
    const checkpoint = await open(
      "m.pkl",
      zooPickle([["w", numpyArray([400], P.bytes(Buffer.alloc(1600)))]]),
    );
    checkpoint.close();
    await expect(checkpoint.model.get("w")?.read()).rejects.toThrow("closed");
  });

  it("finds text that is no latin1 when the tensor is read", async () => {
    const text = P.text("\u2603".repeat(2000));
    await using checkpoint = await open("m.pkl", zooPickle([["w", numpyArray([1000], text)]]));
    await expect(checkpoint.model.get("w")?.read()).rejects.toThrow("latin1");
  });
});
