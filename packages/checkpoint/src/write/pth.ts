import { parse } from "node:path";
import { type CheckpointDType, itemSize, type TensorData } from "../dtype.ts";
import { InvalidTensorError, UnserializableValueError } from "../errors.ts";
import { TORCH_STORAGE_CLASSES } from "../pickle/allow-list.ts";
import { contiguousStrides, elementCount } from "../tensor.ts";
import { writeCheckpointFile } from "./checkpoint-file.ts";
import { Pickler } from "./pickler.ts";
import { OrderedDict } from "./python-values.ts";
import { StoredZipWriter } from "./stored-zip.ts";
import { asTensorValue } from "./tensor-source.ts";

/** The version of PyTorch's zip layout. */
const VERSION = "3\n";

const STORAGE_CLASS_NAMES: ReadonlyMap<CheckpointDType, string> = new Map(
  TORCH_STORAGE_CLASSES.map(([name, dtype]) => [dtype, name]),
);

/**
 * Writes a value as `torch.save` does, for `torch.load` (also with `weights_only=True`) and detectron2's
 * `DetectionCheckpointer` to read: a zip of `data.pkl`, one uncompressed, aligned record per storage, and
 * `version`.
 *
 * Plain values become Python's: numbers that are whole are ints and others floats, arrays are lists, Maps and
 * plain objects dicts; `PythonFloat`, `PythonTuple` and `OrderedDict` name what JavaScript cannot tell apart.
 * A tensor is a {@link TensorValue}, or a realised tensor of `@detectron-ts/tensor`; the elements must not
 * change until the promise resolves. Tensors over the same array share one storage, as tied weights do.
 *
 * The file appears under its name only when it is complete and on the disk; a crash at any moment leaves what
 * was there before.
 *
 * @throws {UnserializableValueError} for functions, undefined, class instances, and unsigned dtypes above 8 bits.
 * @throws {InvalidTensorError} when a tensor's data does not have as many elements as its shape.
 * @throws {CheckpointWriteError} when the disk is full or the folder not writable.
 */
export async function writePth(path: string, value: unknown): Promise<void> {
  const storages = new StorageCollector();
  const pickler = new Pickler((object, to, at) => saveTensor(object, to, at, storages));
  const pickle = pickler.dump(value);
  const root = archiveName(path);
  await writeCheckpointFile(path, async (append) => {
    const zip = new StoredZipWriter(append);
    await zip.add(`${root}/data.pkl`, pickle);
    await zip.add(`${root}/byteorder`, Buffer.from("little"));
    for (const [key, { buffer, byteOffset, byteLength }] of storages.arrays.entries()) {
      await zip.add(`${root}/data/${key}`, new Uint8Array(buffer, byteOffset, byteLength));
    }
    await zip.add(`${root}/version`, Buffer.from(VERSION));
    await zip.finish();
  });
}

/** The folder within the zip, named after the file as PyTorch does, unless that is an unusual name. */
function archiveName(path: string): string {
  const { name } = parse(path);
  return /^[\w-][\w.-]*$/.test(name) ? name : "archive";
}

/** The arrays behind the tensors, each once. Their places in the list are their keys. */
class StorageCollector {
  readonly arrays: TensorData[] = [];
  readonly #keys = new Map<TensorData, Map<CheckpointDType, string>>();

  /** The key of an array's storage. An array that holds two dtypes, as bool and uint8, is two storages. */
  keyOf(data: TensorData, dtype: CheckpointDType): string {
    let keys = this.#keys.get(data);
    if (keys === undefined) this.#keys.set(data, (keys = new Map()));
    let key = keys.get(dtype);
    if (key === undefined) {
      keys.set(dtype, (key = String(this.arrays.length)));
      this.arrays.push(data);
    }
    return key;
  }
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)` */
function saveTensor(
  object: object,
  pickler: Pickler,
  path: string,
  storages: StorageCollector,
): boolean {
  const tensor = asTensorValue(object);
  if (tensor === undefined) return false;
  const { shape, dtype, data } = tensor;
  const storageClass = STORAGE_CLASS_NAMES.get(dtype);
  if (storageClass === undefined || data.BYTES_PER_ELEMENT !== itemSize(dtype)) {
    const array = data.constructor.name;
    throw new UnserializableValueError(path, `a tensor of dtype ${dtype} held in a ${array}`);
  }
  if (data.length !== elementCount(shape)) {
    throw new InvalidTensorError(
      path,
      `it has ${data.length} elements, but its shape [${shape.join(", ")}] wants ${elementCount(shape)}`,
    );
  }
  const key = storages.keyOf(data, dtype);
  const save = (value: unknown) => () => pickler.save(value, path);
  const storage = [
    save("storage"),
    () => pickler.saveGlobal("torch", storageClass),
    save(key),
    save("cpu"),
    save(data.length),
  ];
  pickler.saveGlobal("torch._utils", "_rebuild_tensor_v2");
  pickler.saveTuple([
    () => {
      pickler.saveTuple(storage);
      pickler.persistentId();
    },
    save(0),
    () => pickler.saveTuple(shape.map(save)),
    () => pickler.saveTuple(contiguousStrides(shape).map(save)),
    save(false),
    save(new OrderedDict(new Map())),
  ]);
  pickler.reduce();
  return true;
}
