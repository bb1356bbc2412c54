import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  AmbiguousMatchError,
  CheckpointError,
  CheckpointNotFoundError,
  CheckpointStructureError,
  DEFAULT_LIMITS,
  DetectionCheckpointer,
  DuplicateKeyError,
  InvalidTensorError,
  LimitExceededError,
  type LimitName,
  MalformedArchiveError,
  MalformedHeaderError,
  MalformedPickleError,
  readCheckpoint,
  TruncatedFileError,
  UnrecognizedFormatError,
  UnsupportedGlobalError,
} from "../src/index.ts";
import { FakeModel } from "./support/fake-model.ts";
import { golden, temporaryFolder } from "./support/golden.ts";
import {
  floats,
  legacyFile,
  numpyArray,
  P,
  type TensorSpec,
  torchTensor,
  zooPickle,
} from "./support/pickle-writer.ts";
import { torchZip, type ZipEntrySpec, zipFile } from "./support/zip-writer.ts";

/** A file, and the error that loading it gives. The README's table is made of these rows. */
interface BrokenFile {
  readonly kind: string;
  readonly name: string;
  readonly bytes: Buffer | undefined;
  readonly error: abstract new (...args: never[]) => CheckpointError;
}

const FOUR = floats(1, 2, 3, 4);
const GOOD: TensorSpec = { count: 4, shape: [2, 2], strides: [2, 1] };

/** A torch zip of one tensor `w` over a storage of four floats. */
function zipWith(spec: Partial<TensorSpec>, storage = FOUR): Buffer {
  return zipFile(torchZip(onePickle({ ...GOOD, ...spec }), { 0: storage }));
}

function onePickle(spec: TensorSpec): Buffer {
  return P.pickle(P.dictOf([["w", torchTensor(spec)]]));
}

function zipOf(...entries: ZipEntrySpec[]): Buffer {
  return zipFile(entries);
}

function safetensors(header: string, data: Buffer = Buffer.alloc(0), claimed?: bigint): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(claimed ?? BigInt(header.length));
  return Buffer.concat([prefix, Buffer.from(header), data]);
}

const entry = (shape: string, offsets: string, dtype = "F32") =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

const zip = (kind: string, bytes: Buffer, error: BrokenFile["error"]): BrokenFile => ({
  kind,
  name: "model.pth",
  bytes,
  error,
});
const pkl = (kind: string, bytes: Buffer, error: BrokenFile["error"]): BrokenFile => ({
  kind,
  name: "model.pkl",
  bytes,
  error,
});
const safe = (kind: string, bytes: Buffer, error: BrokenFile["error"]): BrokenFile => ({
  kind,
  name: "model.safetensors",
  bytes,
  error,
});

const nested = Buffer.concat([
  ...Array.from({ length: 400 }, () => P.list),
  ...Array.from({ length: 399 }, () => P.append),
]);

/** `{"a": x}` where x holds x. */
const recursive = P.dictOf([["a", Buffer.concat([P.list, P.put(0), P.get(0), P.append])]]);

/** Twenty-five lists, each holding the one before ten times: 10^25 values to walk, 300 objects. */
const laughs = Buffer.concat([
  P.list,
  P.put(0),
  P.pop,
  ...Array.from({ length: 25 }, (_, i) => {
    const items = Array.from({ length: 10 }, () => P.get(i));
    return Buffer.concat([P.list, P.mark, ...items, P.appends, P.put(i + 1), P.pop]);
  }),
  P.get(25),
]);

/** One list of a thousand pairs, made into a dict again and again. */
const copies = Buffer.concat([
  P.list,
  P.mark,
  ...Array.from({ length: 1000 }, (_, i) => P.tupleOf(P.int(i), P.none)),
  P.appends,
  P.put(0),
  ...Array.from({ length: 6000 }, () =>
    Buffer.concat([P.call(P.global("collections", "OrderedDict"), P.get(0)), P.pop]),
  ),
]);

const BROKEN: readonly BrokenFile[] = [
  // Not a checkpoint at all.
  { kind: "no such file", name: "model.pth", bytes: undefined, error: CheckpointNotFoundError },
  zip("empty file", Buffer.alloc(0), UnrecognizedFormatError),
  zip(
    "web page saved as a checkpoint",
    Buffer.from("<!DOCTYPE html><p>404"),
    UnrecognizedFormatError,
  ),
  zip(
    "Git LFS pointer",
    Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
    UnrecognizedFormatError,
  ),
  zip("other bytes", Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), UnrecognizedFormatError),
  zip(
    "TorchScript program",
    zipOf(
      { name: "a/data.pkl", data: P.pickle(P.dict) },
      { name: "a/constants.pkl", data: P.pickle(P.emptyTuple) },
    ),
    UnrecognizedFormatError,
  ),
  // Code.
  pkl(
    "pickle that calls os.system",
    P.pickle(P.call(P.global("posix", "system"), P.text("touch /tmp/owned"))),
    UnsupportedGlobalError,
  ),
  pkl(
    "pickle that evaluates Python",
    P.pickle(P.call(P.global("builtins", "eval"), P.text("1"))),
    UnsupportedGlobalError,
  ),
  pkl(
    "import of `__proto__` or `constructor`",
    P.pickle(
      P.dictOf([
        ["a", P.global("__proto__", "constructor")],
        ["b", P.global("torch", "__proto__")],
      ]),
    ),
    UnsupportedGlobalError,
  ),
  pkl(
    "pickled module instead of its state dict",
    P.pickle(P.call(P.global("torch.nn.modules.linear", "Linear")), P.dict, P.build),
    UnsupportedGlobalError,
  ),
  // Pickle streams.
  pkl("pickle that ends early", zooPickle([["w", P.none]]).subarray(0, -3), TruncatedFileError),
  pkl(
    "bytes longer than the file",
    P.pickle(P.bytes8(2n ** 62n, Buffer.alloc(4))),
    TruncatedFileError,
  ),
  pkl("negative length", P.pickle(P.raw(0x54, 0xff, 0xff, 0xff, 0xff)), MalformedPickleError),
  pkl("opcode that doesn't exist", P.pickle(P.raw(0xff)), MalformedPickleError),
  pkl("newer pickle protocol", Buffer.concat([P.proto(9), P.none, P.stop]), MalformedPickleError),
  pkl("memo that was never filled", P.pickle(P.get(7)), MalformedPickleError),
  pkl("stack underflow", P.pickle(P.setitem), MalformedPickleError),
  pkl(
    "call of something that is no import",
    P.pickle(P.text("f"), P.emptyTuple, P.reduce),
    MalformedPickleError,
  ),
  pkl("persistent id in a zoo file", P.pickle(P.text("x"), P.persid), MalformedPickleError),
  pkl(
    "integer of 131072 bytes",
    P.pickle(P.raw(0x8b, 0, 0, 2, 0), Buffer.alloc(1 << 17)),
    LimitExceededError,
  ),
  pkl("nesting of 400 lists", P.pickle(P.dictOf([["a", nested]])), LimitExceededError),
  pkl("list that holds itself", P.pickle(recursive), CheckpointStructureError),
  pkl(
    "shared lists that unfold to 10^25 values",
    P.pickle(P.dictOf([["a", laughs]])),
    LimitExceededError,
  ),
  pkl(
    "memo used to copy a list over and over",
    P.pickle(P.dict, copies, P.pop),
    LimitExceededError,
  ),
  // Zips.
  zip("zip that ends early", zipWith({}).subarray(0, -30), MalformedArchiveError),
  zip("zip without data.pkl", zipOf({ name: "a/x", data: FOUR }), MalformedArchiveError),
  zip(
    "zip with two entries of one name",
    zipOf({ name: "a/x", data: FOUR }, { name: "a/x", data: FOUR }),
    MalformedArchiveError,
  ),
  zip("zip entry outside its folder", zipOf({ name: "../x", data: FOUR }), MalformedArchiveError),
  zip(
    "encrypted zip",
    zipOf({ name: "a/x", data: FOUR, flags: 1, compressedSize: 28 }),
    MalformedArchiveError,
  ),
  zip("unknown compression", zipOf({ name: "a/x", data: FOUR, method: 99 }), MalformedArchiveError),
  zip(
    "zip bomb: one entry that inflates a thousand times",
    zipFile(torchZip(P.pickle(P.dict), { 0: Buffer.alloc(1 << 22) }, 8)),
    LimitExceededError,
  ),
  zip(
    "zip bomb: entries that overlap",
    zipOf(
      { name: "a/0", data: Buffer.alloc(4096, "ab") },
      ...Array.from({ length: 9 }, (_, i) => ({
        name: `a/${i + 1}`,
        data: Buffer.alloc(4096, "ab"),
        overlapsPrevious: true,
      })),
    ),
    MalformedArchiveError,
  ),
  zip(
    "zip that claims a billion entries",
    zipFile(torchZip(P.pickle(P.dict), {}), { zip64: true, entryCount: 1e9 }),
    LimitExceededError,
  ),
  zip(
    "zip entry that claims a terabyte",
    zipFile(
      [{ name: "a/data.pkl", data: FOUR, compressedSize: 2 ** 40, uncompressedSize: 2 ** 40 }],
      {
        zip64: true,
      },
    ),
    TruncatedFileError,
  ),
  zip(
    "deflated entry that is longer than it claims",
    zipOf({ name: "a/data.pkl", data: P.pickle(P.dict), method: 8, uncompressedSize: 3 }),
    MalformedArchiveError,
  ),
  // Tensors.
  zip("view outside its storage", zipWith({ offset: 1 }), InvalidTensorError),
  zip("strides that leave the storage", zipWith({ strides: [4, 1] }), InvalidTensorError),
  zip("negative size", zipWith({ shape: [-2, 2] }), InvalidTensorError),
  zip("negative stride", zipWith({ strides: [-2, 1] }), InvalidTensorError),
  zip("negative offset", zipWith({ offset: -1 }), InvalidTensorError),
  zip("more strides than sizes", zipWith({ strides: [2, 1, 1] }), InvalidTensorError),
  zip("storage that is not in the file", zipWith({ key: "9" }), InvalidTensorError),
  zip("storage of another size than the pickle says", zipWith({ count: 5 }), InvalidTensorError),
  zip(
    "storage described with two sizes",
    zipFile(
      torchZip(
        P.pickle(
          P.dictOf([
            ["a", torchTensor(GOOD)],
            ["b", torchTensor({ ...GOOD, count: 400 })],
          ]),
        ),
        { 0: FOUR },
      ),
    ),
    MalformedPickleError,
  ),
  zip("negative storage size", zipWith({ count: -4 }), MalformedPickleError),
  zip(
    "tensor of 2^62 elements",
    zipWith({ shape: [2 ** 30, 2 ** 30, 4], strides: [0, 0, 0] }),
    LimitExceededError,
  ),
  zip(
    "expanded view of a gigabyte",
    zipWith({ shape: [2 ** 28], strides: [0] }),
    LimitExceededError,
  ),
  zip(
    "tensor of a hundred dimensions",
    zipWith({ shape: Array<number>(100).fill(1), strides: Array<number>(100).fill(1) }),
    LimitExceededError,
  ),
  pkl(
    "numpy array with another number of bytes than its shape wants",
    zooPickle([["w", numpyArray([3], P.bytes(FOUR))]]),
    InvalidTensorError,
  ),
  pkl(
    "numpy array of Python objects",
    zooPickle([["w", numpyArray([1], P.list, "O8")]]),
    MalformedPickleError,
  ),
  pkl(
    "numpy array of an unknown dtype",
    zooPickle([["w", numpyArray([1], P.bytes(FOUR), "c16")]]),
    InvalidTensorError,
  ),
  zip(
    "legacy file whose storage is cut off",
    legacyFile(onePickle(GOOD), [["0", 4, FOUR.subarray(0, 8)]]),
    TruncatedFileError,
  ),
  zip(
    "legacy file whose storage has another size",
    legacyFile(onePickle(GOOD), [["0", 400, FOUR]]),
    CheckpointStructureError,
  ),
  zip(
    "legacy file that lists a storage twice",
    legacyFile(onePickle(GOOD), [
      ["0", 4, FOUR],
      ["0", 4, FOUR],
    ]),
    CheckpointStructureError,
  ),
  // safetensors.
  safe(
    "safetensors header longer than the file",
    safetensors("{}", undefined, 5000n),
    TruncatedFileError,
  ),
  safe(
    "safetensors header of a gigabyte",
    safetensors("{}", undefined, 2n ** 30n),
    LimitExceededError,
  ),
  safe("safetensors header that is no JSON", safetensors('{"a":'), MalformedHeaderError),
  safe(
    "safetensors with an unknown dtype",
    safetensors(`{"a":${entry("[0]", "[0,0]", "Q4")}}`),
    MalformedHeaderError,
  ),
  safe(
    "safetensors with a negative size",
    safetensors(`{"a":${entry("[-1]", "[0,4]")}}`),
    InvalidTensorError,
  ),
  safe(
    "safetensors size that doesn't fit the shape",
    safetensors(`{"a":${entry("[2]", "[0,4]")}}`, FOUR),
    MalformedHeaderError,
  ),
  safe(
    "safetensors that are cut off",
    safetensors(`{"a":${entry("[8]", "[0,32]")}}`, FOUR),
    TruncatedFileError,
  ),
  safe(
    "safetensors that overlap",
    safetensors(`{"a":${entry("[3]", "[0,12]")},"b":${entry("[2]", "[8,16]")}}`, FOUR),
    MalformedHeaderError,
  ),
  safe(
    "safetensors with one name twice",
    safetensors(`{"a":${entry("[2]", "[0,8]")},"a":${entry("[2]", "[8,16]")}}`, FOUR),
    MalformedHeaderError,
  ),
  safe(
    "safetensors with bytes left over",
    safetensors(`{"a":${entry("[1]", "[0,4]")}}`, FOUR),
    MalformedHeaderError,
  ),
  // Structure.
  pkl("pickle that is no dict", P.pickle(P.list), CheckpointStructureError),
  pkl(
    "state dict with values that are no tensors",
    zooPickle([["w", P.int(1)]]),
    CheckpointStructureError,
  ),
  pkl(
    "two blobs that get one name",
    P.pickle(
      P.dictOf([
        ["fc6_w", numpyArray([1], P.bytes(floats(1)))],
        ["fc6.w", numpyArray([1], P.bytes(floats(1)))],
      ]),
    ),
    DuplicateKeyError,
  ),
  pkl(
    "key that fits two model keys",
    P.pickle(P.dictOf([["weight", numpyArray([2], P.bytes(floats(1, 2)))]])),
    AmbiguousMatchError,
  ),
];

/** Loads the file into a model of two tensors and returns what was thrown. */
async function failure({ name, bytes }: BrokenFile): Promise<{ error: Error; path: string }> {
  const path = join(temporaryFolder(), name);
  if (bytes !== undefined) writeFileSync(path, bytes);
  const model = FakeModel.of({ "a.weight": [2], "b.weight": [2] });
  try {
    await new DetectionCheckpointer(model).load(path);
  } catch (error) {
    expect(model.touched).toEqual([]);
    if (error instanceof Error) return { error, path };
  }
  throw new Error("nothing was thrown");
}

async function tableRow(row: BrokenFile): Promise<string> {
  const { error, path } = await failure(row);
  const message = error.message.replaceAll(path, "FILE").replaceAll("__", "\\_\\_");
  return `| ${row.kind} | \`${error.name}\` | ${message} |`;
}

describe("a broken or hostile file leaves the model untouched and gets its own error", () => {
  it.each(BROKEN.map((row) => [row.kind, row] as const))("%s", async (_kind, row) => {
    const started = performance.now();
    const { error } = await failure(row);
    expect(error).toBeInstanceOf(row.error);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it("as the README's table says", async () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const rows: string[] = [];
    for (const row of BROKEN) rows.push(await tableRow(row));
    const table =
      /<!-- prettier-ignore-start -->\n([\s\S]*?)<!-- prettier-ignore-end -->/.exec(readme)?.[1] ??
      "";
    expect(table.trim().split("\n").slice(2)).toEqual(rows);
  });
});

describe("the machine is inert", () => {
  it("keeps __proto__ and constructor as plain keys", async () => {
    const path = join(temporaryFolder(), "model.pkl");
    writeFileSync(
      path,
      P.pickle(
        P.dictOf([
          ["model", P.dictOf([["__proto__", numpyArray([1], P.bytes(floats(1)))]])],
          ["__author__", P.text("x")],
          ["__proto__", P.dictOf([["polluted", P.true]])],
          ["constructor", P.dictOf([["prototype", P.dictOf([["polluted", P.true]])]])],
        ]),
      ),
    );
    await using checkpoint = await readCheckpoint(path);
    expect([...checkpoint.model.keys()]).toEqual(["__proto__"]);
    expect([...checkpoint.extra.keys()]).toEqual(["__author__", "__proto__", "constructor"]);
    expect(Object.prototype).not.toHaveProperty("polluted");
    expect({}).not.toHaveProperty("polluted");
  });

  it("names every unknown import, runs none, and lets them be inspected", async () => {
    const path = join(temporaryFolder(), "model.pkl");
    const evil = Buffer.concat([
      P.call(P.global("os", "system"), P.text("exit 1")),
      P.dictOf([["state", P.int(1)]]),
      P.build,
      P.call(P.global("pathlib", "PosixPath"), P.text("/")),
      P.append,
    ]);
    writeFileSync(
      path,
      P.pickle(
        P.dictOf([
          ["model", P.dict],
          ["extra", evil],
        ]),
      ),
    );
    await expect(readCheckpoint(path)).rejects.toMatchObject({
      imports: ["os.system", "pathlib.PosixPath"],
    });
    await using checkpoint = await readCheckpoint(path, { unknownImports: "placeholder" });
    expect(checkpoint.extra.get("extra")).toMatchObject({ qualifiedName: "os.system" });
    expect(checkpoint.unknownImports).toEqual(["os.system", "pathlib.PosixPath"]);
  });

  const twoTensors = zooPickle([
    ["a", numpyArray([400], P.bytes(Buffer.alloc(1600)))],
    ["b", numpyArray([400], P.bytes(Buffer.alloc(1600)))],
  ]);
  const longText = P.pickle(P.dictOf([["a", P.text("x".repeat(5000))]]));
  const limited: [name: LimitName, value: number, file: string, bytes: Buffer][] = [
    ["maxPickleBytes", 100, "m.pth", zipWith({})],
    ["maxPickleOpcodes", 50, "m.pkl", twoTensors],
    ["maxPickleStack", 5, "m.pkl", twoTensors],
    ["maxPickleMemo", 3, "m.pkl", P.pickle(P.dict, ...[0, 1, 2, 3].map(P.put))],
    ["maxStringBytes", 4999, "m.pkl", longText],
    ["maxIntegerBytes", 4, "m.pkl", P.pickle(P.long(1n))],
    ["maxNesting", 1, "m.pkl", twoTensors],
    ["maxValues", 3, "m.pkl", twoTensors],
    ["maxTensors", 1, "m.pkl", twoTensors],
    ["maxTensorRank", 1, "m.pth", zipWith({})],
    ["maxTensorBytes", 1599, "m.pkl", twoTensors],
    ["maxTotalTensorBytes", 3199, "m.pkl", twoTensors],
    ["maxExpandedBytes", 31, "m.pth", zipWith({ shape: [2, 4], strides: [0, 1] })],
    ["maxZipEntries", 2, "m.pth", zipWith({})],
    ["maxZipRatio", 1, "m.pth", zipFile(torchZip(P.pickle(P.dict), { 0: Buffer.alloc(99) }, 8))],
    ["maxHeaderBytes", 1, "m.safetensors", safetensors("{}")],
  ];

  it.each(limited)("stops at the caller's %s", async (limit, maximum, file, bytes) => {
    const path = join(temporaryFolder(), file);
    writeFileSync(path, bytes);
    await expect(readCheckpoint(path, { limits: { [limit]: maximum } })).rejects.toMatchObject({
      name: "LimitExceededError",
      limit,
      maximum,
    });
  });

  it("has a test for every limit", () => {
    const tested = [...limited.map(([limit]) => limit), "maxDownloadBytes"];
    expect(tested.sort()).toEqual(Object.keys(DEFAULT_LIMITS).sort());
  });

  it("survives every truncation of every format with a typed error", async () => {
    const files = [
      "tiny_modern_zip.pth",
      "tiny_legacy.pth",
      "tiny_zoo_protocol2.pkl",
      "tiny_zoo_protocol4.pkl",
      "tiny.safetensors",
    ];
    const folder = temporaryFolder();
    for (const file of files) {
      const whole = readFileSync(golden(file));
      for (let length = 0; length < whole.byteLength; length += 7) {
        const path = join(folder, file);
        writeFileSync(path, whole.subarray(0, length));
        const model = FakeModel.of({ "fc.bias": [5] });
        const load = new DetectionCheckpointer(model).load(path);
        await expect(load).rejects.toMatchObject({
          name: expect.stringMatching(
            /^(TruncatedFile|Unrecognized|Malformed|LimitExceeded|CheckpointStructure|InvalidTensor)/,
          ),
        });
        expect(model.touched).toEqual([]);
      }
    }
  });

  it("survives random damage: it loads or throws its own errors, and never hangs", async () => {
    let seed = 12345;
    const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
    const folder = temporaryFolder();
    for (const file of [
      "tiny_modern_zip.pth",
      "tiny_legacy.pth",
      "tiny_zoo_protocol2.pkl",
      "tiny.safetensors",
    ]) {
      const whole = readFileSync(golden(file));
      for (let round = 0; round < 150; round++) {
        const damaged = Buffer.from(whole);
        for (let i = 0; i < 3; i++) {
          damaged[Math.floor(random() * damaged.byteLength)] = Math.floor(random() * 256);
        }
        const path = join(folder, file);
        writeFileSync(path, damaged);
        const outcome = await new DetectionCheckpointer(FakeModel.of({ "fc.bias": [5] }))
          .load(path)
          .then(
            () => "loaded",
            (error: Error) => error,
          );
        if (outcome instanceof Error) {
          expect(outcome).toBeInstanceOf(CheckpointError);
        }
      }
    }
  });
});
