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
    if (offset !== 0 || target.byteLength !== this.byteLength) {
      // The place of a byte is known only when all before it are decoded.
      const whole = new Uint8Array(this.byteLength);
      await this.read(whole, 0);
      target.set(whole.subarray(offset, offset + target.byteLength));
      return;
    }
    const decoder = new Latin1Decoder(target);
    const chunk = new Uint8Array(Math.min(this.encodedLength, CHUNK_BYTES));
    for (let start = 0; start < this.encodedLength; start += CHUNK_BYTES) {
      const piece = chunk.subarray(0, Math.min(CHUNK_BYTES, this.encodedLength - start));
      await this.source.read(piece, this.position + start);
      decoder.push(piece);
    }
    decoder.finish();
  }
}

/** Decodes pieces of UTF-8 text of code points below 256 into one byte each. */
class Latin1Decoder {
  readonly #target: Uint8Array;
  #written = 0;
  /** A lead byte whose follower has not come, or 0. */
  #lead = 0;

  constructor(target: Uint8Array) {
    this.#target = target;
  }

  push(piece: Uint8Array): void {
    const target = this.#target;
    let written = this.#written;
    let lead = this.#lead;
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i];
      if (lead !== 0) {
        // The lead bytes C2 and C3 carry the upper two of eight bits, their follower the lower six.
        if ((byte & 0xc0) !== 0x80) throw notLatin1();
        target[written++] = ((lead & 0x03) << 6) | (byte & 0x3f);
        lead = 0;
      } else if (byte < 0x80) {
        target[written++] = byte;
      } else if (byte === 0xc2 || byte === 0xc3) {
        lead = byte;
      } else {
        throw notLatin1();
      }
    }
    this.#written = written;
    this.#lead = lead;
  }

  /** Bytes beyond the target were counted, not stored: typed arrays ignore them. */
  finish(): void {
    if (this.#lead !== 0) throw notLatin1();
    if (this.#written !== this.#target.byteLength) {
      throw new InvalidTensorError(
        "data",
        `its text holds ${this.#written} bytes, but shape and dtype want ${this.#target.byteLength}`,
      );
    }
  }
}

function notLatin1(): InvalidTensorError {
  return new InvalidTensorError("data", "its text is not the latin1 form of bytes");
}
