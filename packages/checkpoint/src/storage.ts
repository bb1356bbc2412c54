import { type ByteSource } from "./byte-source.ts";
import { InvalidTensorError } from "./errors.ts";

/**
 * The bytes behind one or more tensors, little-endian unless the tensor says otherwise.
 * `read` fills `target` with the bytes from `offset` on.
 */
export interface Storage {
  /** Exact size in bytes, or the most that it can be where only reading tells. */
  readonly byteLength: number;
  read(target: Uint8Array, offset: number): Promise<void>;
}

/** A storage that lies in a file (or memory) as it is: tensors are read straight into their buffers. */
export class RangeStorage implements Storage {
  constructor(
    readonly source: ByteSource,
    readonly position: number,
    readonly byteLength: number,
  ) {}

  read(target: Uint8Array, offset: number): Promise<void> {
    return this.source.read(target, this.position + offset);
  }
}

/** A storage in memory. */
export class MemoryStorage implements Storage {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  async read(target: Uint8Array, offset: number): Promise<void> {
    target.set(this.#bytes.subarray(offset, offset + target.byteLength));
  }
}

/** How much of an encoded text is decoded at once. */
const CHUNK_BYTES = 1 << 20;

/**
 * Bytes that pickle protocol 2 stores as text: each byte is a code point below 256, written in UTF-8 as one
 * byte or two. They become bytes again when a tensor is read.
 */
export class Latin1Storage implements Storage {
  constructor(
    readonly source: ByteSource,
    readonly position: number,
    readonly encodedLength: number,
    /** Bytes that the text must have when decoded. */
    readonly byteLength: number,
  ) {}

  async read(target: Uint8Array, offset: number): Promise<void> {
    const chunk = new Uint8Array(Math.min(this.encodedLength, CHUNK_BYTES));
    const end = offset + target.byteLength;
    let decoded = 0;
    let lead = 0;
    for (let start = 0; start < this.encodedLength; start += CHUNK_BYTES) {
      const piece = chunk.subarray(0, Math.min(CHUNK_BYTES, this.encodedLength - start));
      await this.source.read(piece, this.position + start);
      for (const byte of piece) {
        // The lead bytes C2 and C3 carry the top two of eight bits, their follower the other six.
        if (lead === 0 && (byte === 0xc2 || byte === 0xc3)) {
          lead = byte;
          continue;
        }
        const valid = lead === 0 ? byte < 0x80 : (byte & 0xc0) === 0x80;
        if (!valid)
          throw new InvalidTensorError("data", "its text is not the latin1 form of bytes");
        if (decoded >= offset && decoded < end) {
          target[decoded - offset] = lead === 0 ? byte : ((lead & 0x03) << 6) | (byte & 0x3f);
        }
        lead = 0;
        decoded++;
      }
    }
    if (decoded !== this.byteLength || lead !== 0) {
      throw new InvalidTensorError(
        "data",
        `its text holds ${decoded} bytes, but shape and dtype want ${this.byteLength}`,
      );
    }
  }
}
