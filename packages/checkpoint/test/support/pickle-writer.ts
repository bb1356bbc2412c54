/** One piece of a pickle: raw bytes. */
export type Piece = Buffer;

const op = (text: string, ...rest: Buffer[]): Piece =>
  Buffer.concat([Buffer.from(text, "latin1"), ...rest]);

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/**
 * Assembles pickles byte by byte, so that tests can write what no pickler writes. Each member is the piece of
 * one opcode or of one small idiom.
 */
export const P = {
  proto: (version = 2) => Buffer.from([0x80, version]),
  stop: op("."),
  mark: op("("),
  none: op("N"),
  true: Buffer.from([0x88]),
  false: Buffer.from([0x89]),
  reduce: op("R"),
  build: op("b"),
  persid: op("Q"),
  setitem: op("s"),
  setitems: op("u"),
  append: op("a"),
  appends: op("e"),
  dict: op("}"),
  list: op("]"),
  emptyTuple: op(")"),
  /** TUPLE: everything above the MARK. */
  tuple: op("t"),
  pop: op("0"),
  int: (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return op("J", bytes);
  },
  long: (value: bigint, size = 8) => {
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < size; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn);
    return op("\x8a", Buffer.from([size]), bytes);
  },
  text: (value: string) => op("X", u32(Buffer.byteLength(value)), Buffer.from(value)),
  bytes: (value: Buffer) => op("B", u32(value.byteLength), value),
  /** BINBYTES8 that claims any length. */
  bytes8: (claimed: number | bigint, value: Buffer) => op("\x8e", u64(claimed), value),
  global: (module: string, name: string) => op("c", Buffer.from(`${module}\n${name}\n`)),
  put: (index: number) => op("r", u32(index)),
  get: (index: number) => op("j", u32(index)),
  raw: (...bytes: number[]) => Buffer.from(bytes),
  /** A tuple of the pieces. */
  tupleOf: (...pieces: Piece[]): Piece => Buffer.concat([P.mark, ...pieces, P.tuple]),
  /** A dict of text keys. */
  dictOf: (entries: readonly (readonly [string, Piece])[]): Piece =>
    Buffer.concat([P.dict, P.mark, ...entries.flatMap(([k, v]) => [P.text(k), v]), P.setitems]),
  /** `callable(*args)` */
  call: (callable: Piece, ...args: Piece[]): Piece =>
    Buffer.concat([callable, P.tupleOf(...args), P.reduce]),
  /** A whole pickle. */
  pickle: (...pieces: Piece[]): Buffer => Buffer.concat([P.proto(), ...pieces, P.stop]),
};

/** What a torch pickle says about one tensor. */
export interface TensorSpec {
  readonly key?: string;
  readonly storage?: string;
  /** Elements that the persistent id claims. */
  readonly count: number;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** `_rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())` */
export function torchTensor(spec: TensorSpec): Piece {
  const storage = P.tupleOf(
    P.text("storage"),
    P.global("torch", spec.storage ?? "FloatStorage"),
    P.text(spec.key ?? "0"),
    P.text("cpu"),
    P.int(spec.count),
  );
  return P.call(
    P.global("torch._utils", "_rebuild_tensor_v2"),
    Buffer.concat([storage, P.persid]),
    P.int(spec.offset ?? 0),
    P.tupleOf(...spec.shape.map(P.int)),
    P.tupleOf(...spec.strides.map(P.int)),
    P.false,
    P.call(P.global("collections", "OrderedDict")),
  );
}

/** A numpy array, as protocol 3 and later write it. */
export function numpyArray(
  shape: readonly number[],
  data: Piece,
  code = "f4",
  byteOrder = "<",
): Piece {
  const dtype = Buffer.concat([
    P.call(P.global("numpy", "dtype"), P.text(code), P.false, P.true),
    P.tupleOf(P.int(3), P.text(byteOrder), P.none, P.none, P.none, P.int(-1), P.int(-1), P.int(0)),
    P.build,
  ]);
  return Buffer.concat([
    P.call(
      P.global("numpy.core.multiarray", "_reconstruct"),
      P.global("numpy", "ndarray"),
      P.tupleOf(P.int(0)),
      P.bytes(Buffer.from("b")),
    ),
    P.tupleOf(P.int(1), P.tupleOf(...shape.map(P.int)), dtype, P.false, data),
    P.build,
  ]);
}

/** float32 elements as bytes. */
export function floats(...values: number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

/** A detectron2 zoo file around a model. */
export function zooPickle(model: readonly (readonly [string, Piece])[]): Buffer {
  return P.pickle(
    P.dictOf([
      ["model", P.dictOf(model)],
      ["__author__", P.text("test")],
    ]),
  );
}

/** A legacy `.pth` around an object's pickle and its storages. */
export function legacyFile(
  object: Buffer,
  storages: readonly (readonly [key: string, count: number, data: Buffer])[],
): Buffer {
  const keys = storages.map(([key]) => Buffer.concat([P.text(key), P.append]));
  return Buffer.concat([
    Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex"),
    P.pickle(P.int(1001)),
    P.pickle(P.dictOf([["little_endian", P.true]])),
    object,
    P.pickle(P.list, ...keys),
    ...storages.flatMap(([, count, data]) => [u64(BigInt.asUintN(64, BigInt(count))), data]),
  ]);
}
