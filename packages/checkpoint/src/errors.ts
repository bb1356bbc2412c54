/** Any problem with a checkpoint: its bytes, its structure, or the way to it. */
export class CheckpointError extends Error {
  override name = "CheckpointError";
}

/** The file does not exist or is no regular file. */
export class CheckpointNotFoundError extends CheckpointError {
  override name = "CheckpointNotFoundError";
  constructor(readonly path: string) {
    super(`checkpoint ${path} not found: expected an existing file`);
  }
}

/** The first bytes belong to none of the formats that this package reads. */
export class UnrecognizedFormatError extends CheckpointError {
  override name = "UnrecognizedFormatError";
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(
      `${path} is no checkpoint: ${reason}; expected a .pth (zip or legacy), a .pkl, or a safetensors file`,
    );
  }
}

/** The file ends before something that it announces. */
export class TruncatedFileError extends CheckpointError {
  override name = "TruncatedFileError";
  constructor(
    readonly what: string,
    readonly position: number,
    readonly wantedBytes: number,
    readonly availableBytes: number,
  ) {
    super(
      `${what} at byte ${position} wants ${wantedBytes} bytes, but only ${availableBytes} are left: the file is truncated`,
    );
  }
}

/** A named limit on untrusted input is exceeded; nothing was allocated for it. */
export class LimitExceededError extends CheckpointError {
  override name = "LimitExceededError";
  constructor(
    readonly limit: string,
    readonly value: number,
    readonly maximum: number,
    readonly what: string,
  ) {
    super(
      `${what} is ${value}, above the limit ${limit} = ${maximum}; raise it with the option limits.${limit} if you trust the file`,
    );
  }
}

/** The pickle stream breaks the rules of its own opcodes. */
export class MalformedPickleError extends CheckpointError {
  override name = "MalformedPickleError";
  constructor(
    readonly position: number,
    readonly opcode: string,
    readonly detail: string,
  ) {
    super(`malformed pickle at byte ${position}, opcode ${opcode}: ${detail}`);
  }
}

/** The pickle imports names outside the allow-list. They were not imported, and nothing was run. */
export class UnsupportedGlobalError extends CheckpointError {
  override name = "UnsupportedGlobalError";
  constructor(readonly imports: readonly string[]) {
    super(
      `the pickle imports ${listSome(imports)}, which no checkpoint of weights needs; nothing was run. ` +
        "Only tensors, numpy arrays and plain containers are read",
    );
  }
}

function listSome(names: readonly string[], maximum = 10): string {
  const shown = names.slice(0, maximum).join(", ");
  return names.length > maximum ? `${shown} and ${names.length - maximum} more` : shown;
}

/** The zip container is damaged or uses a feature that torch never writes. */
export class MalformedArchiveError extends CheckpointError {
  override name = "MalformedArchiveError";
  constructor(readonly detail: string) {
    super(`malformed zip archive: ${detail}`);
  }
}

/** The safetensors header is damaged or inconsistent. */
export class MalformedHeaderError extends CheckpointError {
  override name = "MalformedHeaderError";
  constructor(readonly detail: string) {
    super(`malformed safetensors header: ${detail}`);
  }
}

/** A tensor's sizes, strides, dtype or bytes do not fit together. */
export class InvalidTensorError extends CheckpointError {
  override name = "InvalidTensorError";
  constructor(
    readonly tensor: string,
    readonly detail: string,
  ) {
    super(`invalid tensor ${tensor}: ${detail}`);
  }
}

/** The file is readable but is not laid out as a checkpoint of a model. */
export class CheckpointStructureError extends CheckpointError {
  override name = "CheckpointStructureError";
  constructor(readonly detail: string) {
    super(`unexpected checkpoint structure: ${detail}`);
  }
}

/** The file system refused to write: the disk is full, or the folder is missing or read-only. Nothing is left of the file. */
export class CheckpointWriteError extends CheckpointError {
  override name = "CheckpointWriteError";
  constructor(
    readonly path: string,
    /** The system's name of the error, as ENOSPC. */
    readonly code: string,
    cause: Error,
  ) {
    const reason = WRITE_ERRORS.get(code) ?? cause.message;
    super(`cannot write ${path}: ${reason}; what was there before is unchanged`, { cause });
  }
}

const WRITE_ERRORS: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "the disk is full (ENOSPC)"],
  ["EDQUOT", "the disk quota is used up (EDQUOT)"],
  ["EFBIG", "the file is larger than the system allows (EFBIG)"],
  ["ENOENT", "its folder does not exist (ENOENT)"],
  ["EACCES", "permission denied (EACCES)"],
  ["EROFS", "the file system is read-only (EROFS)"],
]);

/** A value that is to be saved has no form in the file. Nothing was written. */
export class UnserializableValueError extends CheckpointError {
  override name = "UnserializableValueError";
  constructor(
    /** Dotted path of the value within what was to be saved. */
    readonly path: string,
    readonly got: string,
  ) {
    super(
      `cannot save ${path === "" ? "the value" : path}: it is ${got}; wanted null, a boolean, a number, a string, ` +
        "a tensor of a dtype that PyTorch has, or an array, Map or plain object of such",
    );
  }
}

/** Saving and resuming need a folder. */
export class MissingSaveDirError extends CheckpointError {
  override name = "MissingSaveDirError";
  constructor() {
    super('the checkpointer has no folder to save to: got saveDir "", wanted a path');
  }
}

/** A tensor was read after its checkpoint was closed. */
export class CheckpointClosedError extends CheckpointError {
  override name = "CheckpointClosedError";
  constructor(readonly path: string) {
    super(`${path} is closed: read tensors before close()`);
  }
}

/** One checkpoint key is a suffix of two model keys, so that the heuristics cannot choose. */
export class AmbiguousMatchError extends CheckpointError {
  override name = "AmbiguousMatchError";
  constructor(
    readonly checkpointKey: string,
    readonly modelKeys: readonly [string, string],
  ) {
    super(
      `checkpoint key "${checkpointKey}" matches two model keys, "${modelKeys[0]}" and "${modelKeys[1]}"`,
    );
  }
}

/** Two Caffe2 blobs get the same detectron2 name. */
export class DuplicateKeyError extends CheckpointError {
  override name = "DuplicateKeyError";
  constructor(
    readonly key: string,
    readonly originals: readonly [string, string],
  ) {
    super(`"${originals[0]}" and "${originals[1]}" are both renamed to "${key}"`);
  }
}

/** The query of a checkpoint path holds something other than `matching_heuristics=True`. */
export class UnsupportedQueryError extends CheckpointError {
  override name = "UnsupportedQueryError";
  constructor(
    readonly path: string,
    readonly query: string,
  ) {
    super(`unsupported query "?${query}" in ${path}: only "?matching_heuristics=True" is known`);
  }
}

/** A `catalog://` name that is in no table, or a URL scheme that is not known. */
export class UnknownCatalogEntryError extends CheckpointError {
  override name = "UnknownCatalogEntryError";
  constructor(
    readonly entry: string,
    readonly known: readonly string[],
  ) {
    super(`${entry} is not in the catalog; known are ${known.join(", ")}`);
  }
}

/** A download did not deliver: the connection failed or the server made no sense. */
export class DownloadError extends CheckpointError {
  override name = "DownloadError";
  constructor(
    readonly url: string,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`cannot download ${url}: ${detail}`, options);
  }
}

/** The server answered with a status that is neither 200 nor a fitting 206. */
export class HttpStatusError extends DownloadError {
  override name = "HttpStatusError";
  constructor(
    url: string,
    readonly status: number,
    statusText: string,
  ) {
    super(url, `the server answered ${status} ${statusText}`.trimEnd());
  }
}

/** The connection ended early. What came is kept, and the next call resumes after it. */
export class IncompleteDownloadError extends DownloadError {
  override name = "IncompleteDownloadError";
  constructor(
    url: string,
    readonly receivedBytes: number,
    readonly totalBytes: number | undefined,
    options?: ErrorOptions,
  ) {
    super(
      url,
      `the connection ended after ${receivedBytes} of ${totalBytes ?? "unknown"} bytes; the next call resumes there`,
      options,
    );
  }
}

/** More or fewer bytes than the server announced. */
export class WrongLengthError extends DownloadError {
  override name = "WrongLengthError";
  constructor(
    url: string,
    readonly receivedBytes: number,
    readonly totalBytes: number,
  ) {
    super(url, `got ${receivedBytes} bytes where the server announced ${totalBytes}`);
  }
}

/** The downloaded bytes do not have the checksum that was asked for. The file was deleted. */
export class ChecksumMismatchError extends DownloadError {
  override name = "ChecksumMismatchError";
  constructor(
    url: string,
    readonly expected: string,
    readonly md5: string,
    readonly sha256: string,
  ) {
    super(
      url,
      `expected a checksum that starts with ${expected}, got md5 ${md5} and sha256 ${sha256}`,
    );
  }
}

/** A path starts with a scheme that this package does not know. */
export class UnsupportedSchemeError extends CheckpointError {
  override name = "UnsupportedSchemeError";
  constructor(
    readonly path: string,
    readonly scheme: string,
  ) {
    super(
      `${path}: unknown scheme ${scheme}://; known are http, https, file, detectron2 and catalog`,
    );
  }
}
