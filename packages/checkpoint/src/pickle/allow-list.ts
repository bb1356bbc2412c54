import { type CheckpointDType } from "../dtype.ts";
import {
  type Construct,
  GlobalReference,
  LazyBytes,
  NumpyArray,
  NumpyDType,
  PickleDict,
  Placeholder,
  StorageReference,
  TensorView,
  type PickleValue,
} from "./values.ts";

/** What a constructor got does not fit; the machine turns it into an error with the position. */
export class PickleArgumentError extends Error {}

/**
 * The import that a name stands for, or undefined when it is not on the allow-list. The tables are Maps, so
 * that names such as `__proto__` find nothing.
 */
export function resolveGlobal(module: string, name: string): GlobalReference | undefined {
  return ALLOW_LIST.get(module)?.get(name);
}

/** What BUILD does: gives numpy objects and dicts their state; every other object drops its attributes. */
export function buildObject(target: PickleValue, state: PickleValue): void {
  if (target instanceof NumpyArray) buildNumpyArray(target, state);
  else if (target instanceof NumpyDType) buildNumpyDType(target, state);
  else if (target instanceof PickleDict) {
    if (state instanceof PickleDict) target.attributes = state;
  } else if (target === null || typeof target !== "object" || target instanceof GlobalReference) {
    throw new PickleArgumentError("the target has no state");
  }
}

// -- torch -------------------------------------------------------------------------------------------------

function rebuildTensor(args: readonly PickleValue[], dtype?: CheckpointDType): PickleValue {
  const [storage, offset, shape, strides] = args;
  // A storage of an unknown class has been noted as an unknown import; its tensors stay inert, too.
  if (storage instanceof Placeholder) return storage;
  if (!(storage instanceof StorageReference)) throw new PickleArgumentError("wants a storage");
  const elementType = dtype ?? storage.dtype;
  if (elementType === "untyped") throw new PickleArgumentError("an untyped storage has no dtype");
  return new TensorView(storage, elementType, offset, shape, strides);
}

/** The newer form carries the dtype, as its storage may be untyped. */
const rebuildTensorV3: Construct = (args) => {
  const dtype = args[6];
  if (
    !(dtype instanceof GlobalReference) ||
    dtype.dtype === undefined ||
    dtype.dtype === "untyped"
  ) {
    throw new PickleArgumentError("wants a torch dtype");
  }
  return rebuildTensor(args, dtype.dtype);
};

/** Parameters add only `requires_grad` and hooks to their data. */
const rebuildParameter: Construct = (args) => {
  const [data] = args;
  if (!(data instanceof TensorView || data instanceof Placeholder))
    throw new PickleArgumentError("wants a tensor");
  return data;
};

/** `(function, type, arguments, state)`: a tensor with Python attributes, or of a subclass. */
const rebuildFromType: Construct = (args, spend) => {
  const [rebuild, , innerArgs] = args;
  if (
    !(rebuild instanceof GlobalReference) ||
    rebuild.construct === undefined ||
    // A list of arguments that holds itself must not recurse.
    rebuild.construct === rebuildFromType ||
    !Array.isArray(innerArgs)
  ) {
    throw new PickleArgumentError("wants a function that rebuilds a tensor, and its arguments");
  }
  return rebuild.construct(innerArgs, spend);
};

// -- numpy -------------------------------------------------------------------------------------------------

const newNumpyDType: Construct = (args) => {
  const [code] = args;
  if (typeof code !== "string") throw new PickleArgumentError("wants a dtype code");
  return new NumpyDType(code);
};

/** State: `(version, byteorder, subdtype, names, fields, itemsize, alignment, flags)`. */
function buildNumpyDType(target: NumpyDType, state: PickleValue): void {
  if (!Array.isArray(state) || typeof state[1] !== "string") {
    throw new PickleArgumentError("wants a numpy dtype state");
  }
  target.byteOrder = state[1];
}

/** State: `(version, shape, dtype, is Fortran order, data)`; very old files leave the version out. */
function buildNumpyArray(target: NumpyArray, state: PickleValue): void {
  if (!Array.isArray(state) || state.length < 4) {
    throw new PickleArgumentError("wants a numpy array state");
  }
  const [shape, dtype, fortranOrder, data] = state.slice(-4);
  target.state = numpyState(shape, dtype, fortranOrder === true || fortranOrder === 1, data);
}

function numpyState(
  shape: PickleValue,
  dtype: PickleValue,
  fortranOrder: boolean,
  data: PickleValue,
): NumpyArray["state"] {
  if (!(dtype instanceof NumpyDType)) throw new PickleArgumentError("wants a numpy dtype");
  if (typeof data !== "string" && !(data instanceof Uint8Array) && !(data instanceof LazyBytes)) {
    throw new PickleArgumentError("wants the array's bytes; arrays of objects are not supported");
  }
  return { shape, dtype, fortranOrder, data };
}

const numpyScalar: Construct = (args) => {
  const array = new NumpyArray();
  array.state = numpyState([], args[0], false, args[1]);
  return array;
};

/** Protocol 5: `(buffer, dtype, shape, order)`. */
const numpyFromBuffer: Construct = (args) => {
  const [data, dtype, shape, order] = args;
  const array = new NumpyArray();
  array.state = numpyState(shape, dtype, order === "F", data);
  return array;
};

// -- containers --------------------------------------------------------------------------------------------

/** `OrderedDict()`, or with a list of pairs as Python 2 writes it, or with a dict as Counter does. */
const newDict: Construct = (args, spend) => {
  const content = args.at(-1);
  if (content instanceof PickleDict) return content;
  const dict = new PickleDict();
  if (!Array.isArray(content)) return dict;
  spend(content.length);
  for (const pair of content) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new PickleArgumentError("wants pairs");
    dict.entries.set(pair[0], pair[1]);
  }
  return dict;
};

/** `defaultdict(factory)`: its content comes with SETITEMS. */
const newDefaultDict: Construct = () => new PickleDict();

/** Lists, tuples, sets and `torch.Size` hold what they are given; it isn't copied. */
const newSequence: Construct = (args) => {
  const [content] = args;
  if (content === undefined) return [];
  if (!Array.isArray(content)) throw new PickleArgumentError("wants a list");
  return content;
};

/**
 * `_codecs.encode(text, "latin1")` is how protocol 2 writes bytes. The text stays as it is: one character
 * per byte is what a tensor wants.
 */
const encodeLatin1: Construct = (args) => {
  const [text, encoding] = args;
  const isText = typeof text === "string" || (text instanceof LazyBytes && !text.isBytes);
  if (!isText || (encoding !== "latin1" && encoding !== "latin-1")) {
    throw new PickleArgumentError('only encode(text, "latin1") is known');
  }
  return text;
};

/** `bytes()` is how protocol 2 writes no bytes; `bytearray` wraps an argument. */
const newBytes: Construct = (args) => {
  const [content] = args;
  if (content === undefined) return new Uint8Array(0);
  const isContent =
    typeof content === "string" || content instanceof Uint8Array || content instanceof LazyBytes;
  if (!isContent) throw new PickleArgumentError("wants bytes");
  return content;
};

const newDevice: Construct = (args) => args[0] ?? null;

// -- the tables --------------------------------------------------------------------------------------------

type Entry = Construct | null | { readonly dtype: CheckpointDType | "untyped" };

/** The classes of `torch` that stand for a storage's dtype. */
export const TORCH_STORAGE_CLASSES: readonly (readonly [string, CheckpointDType])[] = [
  ["HalfStorage", "float16"],
  ["BFloat16Storage", "bfloat16"],
  ["FloatStorage", "float32"],
  ["DoubleStorage", "float64"],
  ["CharStorage", "int8"],
  ["ShortStorage", "int16"],
  ["IntStorage", "int32"],
  ["LongStorage", "int64"],
  ["ByteStorage", "uint8"],
  ["BoolStorage", "bool"],
];

const TORCH_STORAGES: readonly (readonly [string, Entry])[] = TORCH_STORAGE_CLASSES.map(
  ([name, dtype]) => [name, { dtype }],
);

const TORCH_DTYPES: readonly (readonly [string, Entry])[] = [
  ["float16", { dtype: "float16" }],
  ["half", { dtype: "float16" }],
  ["bfloat16", { dtype: "bfloat16" }],
  ["float32", { dtype: "float32" }],
  ["float", { dtype: "float32" }],
  ["float64", { dtype: "float64" }],
  ["double", { dtype: "float64" }],
  ["int8", { dtype: "int8" }],
  ["int16", { dtype: "int16" }],
  ["int32", { dtype: "int32" }],
  ["int64", { dtype: "int64" }],
  ["uint8", { dtype: "uint8" }],
  ["uint16", { dtype: "uint16" }],
  ["uint32", { dtype: "uint32" }],
  ["uint64", { dtype: "uint64" }],
  ["bool", { dtype: "bool" }],
];

const NUMPY_MULTIARRAY: readonly (readonly [string, Entry])[] = [
  ["_reconstruct", () => new NumpyArray()],
  ["scalar", numpyScalar],
];

const BUILTINS: readonly (readonly [string, Entry])[] = [
  ["bytes", newBytes],
  ["bytearray", newBytes],
  ["list", newSequence],
  ["tuple", newSequence],
  ["set", newSequence],
  ["frozenset", newSequence],
  ["dict", newDict],
  // Factories of a defaultdict: named, never called.
  ["int", null],
  ["long", null],
  ["float", null],
  ["str", null],
  ["bool", null],
];

const MODULES: readonly (readonly [string, readonly (readonly [string, Entry])[]])[] = [
  [
    "torch._utils",
    [
      ["_rebuild_tensor", (args) => rebuildTensor(args)],
      ["_rebuild_tensor_v2", (args) => rebuildTensor(args)],
      ["_rebuild_tensor_v3", rebuildTensorV3],
      ["_rebuild_parameter", rebuildParameter],
      ["_rebuild_parameter_with_state", rebuildParameter],
    ],
  ],
  ["torch._tensor", [["_rebuild_from_type_v2", rebuildFromType]]],
  [
    "torch",
    [
      ...TORCH_STORAGES,
      ...TORCH_DTYPES,
      ["Tensor", null],
      ["Size", newSequence],
      ["device", newDevice],
    ],
  ],
  ["torch.cuda", TORCH_STORAGES],
  [
    "torch.storage",
    [
      ["UntypedStorage", { dtype: "untyped" }],
      ["_UntypedStorage", { dtype: "untyped" }],
    ],
  ],
  ["torch.nn.parameter", [["Parameter", rebuildParameter]]],
  [
    "numpy",
    [
      ["ndarray", null],
      ["dtype", newNumpyDType],
    ],
  ],
  ["numpy.core.multiarray", NUMPY_MULTIARRAY],
  ["numpy._core.multiarray", NUMPY_MULTIARRAY],
  ["numpy.core.numeric", [["_frombuffer", numpyFromBuffer]]],
  ["numpy._core.numeric", [["_frombuffer", numpyFromBuffer]]],
  [
    "collections",
    [
      ["OrderedDict", newDict],
      ["Counter", newDict],
      ["defaultdict", newDefaultDict],
    ],
  ],
  ["_codecs", [["encode", encodeLatin1]]],
  ["builtins", BUILTINS],
  ["__builtin__", BUILTINS],
];

const ALLOW_LIST: ReadonlyMap<string, ReadonlyMap<string, GlobalReference>> = new Map(
  MODULES.map(([module, entries]) => [
    module,
    new Map(entries.map(([name, entry]) => [name, reference(module, name, entry)])),
  ]),
);

function reference(module: string, name: string, entry: Entry): GlobalReference {
  if (entry === null) return new GlobalReference(module, name, undefined);
  if (typeof entry === "function") return new GlobalReference(module, name, entry);
  return new GlobalReference(module, name, undefined, entry.dtype);
}
