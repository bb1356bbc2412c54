import { type FileSource, MemorySource } from "../byte-source.ts";
import { MalformedArchiveError, UnrecognizedFormatError } from "../errors.ts";
import { checkLimit, type CheckpointLimits } from "../limits.ts";
import { TorchStorageTable } from "../pickle/torch-storages.ts";
import { type StorageLookup } from "../pickle/resolve.ts";
import { unpickle } from "../pickle/unpickler.ts";
import { type Storage } from "../storage.ts";
import { type PickledFile } from "./pickled-file.ts";
import { ZipArchive } from "./zip-archive.ts";

/**
 * A `.pth` as torch has written it since 1.6: a zip of `<name>/data.pkl`, `<name>/data/<key>` for each
 * storage, `<name>/version`, and newer also `<name>/byteorder`.
 */
export async function readTorchZip(
  file: FileSource,
  limits: CheckpointLimits,
): Promise<PickledFile> {
  const { entries } = await ZipArchive.open(file, limits);
  const pickleNames = [...entries.keys()].filter((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickleNames.length !== 1) {
    throw new MalformedArchiveError(
      `a torch zip has one data.pkl, this one has ${pickleNames.length}`,
    );
  }
  const root = pickleNames[0].slice(0, -"data.pkl".length);
  if (entries.has(`${root}constants.pkl`)) {
    throw new UnrecognizedFormatError(
      file.path,
      "it is a TorchScript program; save the model's state_dict() instead",
    );
  }

  const pickle = await readWhole(entries, pickleNames[0], limits);
  const table = new TorchStorageTable();
  const result = unpickle(new MemorySource(pickle), { limits, persistentLoad: table.load });
  const byteOrder = entries.has(`${root}byteorder`)
    ? (await readWhole(entries, `${root}byteorder`, limits)).toString("latin1").trim()
    : "little";
  const storages: StorageLookup = {
    get: (key) => entries.get(`${root}data/${key}`),
    bigEndian: byteOrder === "big",
  };
  return { result, storages };
}

async function readWhole(
  entries: ReadonlyMap<string, Storage>,
  name: string,
  limits: CheckpointLimits,
): Promise<Buffer> {
  const entry = entries.get(name);
  if (entry === undefined) throw new MalformedArchiveError(`"${name}" is missing`);
  checkLimit(limits, "maxPickleBytes", entry.byteLength, `the size of "${name}" in bytes`);
  const bytes = Buffer.alloc(entry.byteLength);
  await entry.read(bytes, 0);
  return bytes;
}
