/** The wire types of protocol buffers that event files use. */
const WireType = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

/**
 * Writes one message of the protocol buffers wire format. All numbers are written, those that equal a default
 * included: an image or scalar of TensorBoard is told by which field is present.
 */
export class MessageWriter {
  readonly #chunks: Buffer[] = [];

  int64(field: number, value: number): this {
    return this.#tag(field, WireType.varint).#varint(BigInt.asUintN(64, BigInt(value)));
  }

  double(field: number, value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return this.#tag(field, WireType.fixed64).#push(bytes);
  }

  float(field: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    return this.#tag(field, WireType.fixed32).#push(bytes);
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#tag(field, WireType.lengthDelimited)
      .#varint(BigInt(value.byteLength))
      .#push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  message(field: number, value: MessageWriter): this {
    return this.bytes(field, value.finish());
  }

  packedDoubles(field: number, values: readonly number[]): this {
    const bytes = Buffer.alloc(values.length * 8);
    for (const [i, value] of values.entries()) bytes.writeDoubleLE(value, i * 8);
    return this.bytes(field, bytes);
  }

  /** The message's bytes. */
  finish(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  #tag(field: number, wireType: number): this {
    return this.#varint(BigInt((field << 3) | wireType));
  }

  /** Seven bits a byte, lowest first; all bytes but the last have their top bit set. */
  #varint(value: bigint): this {
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    return this.#push(Buffer.from(bytes));
  }

  #push(bytes: Buffer): this {
    this.#chunks.push(bytes);
    return this;
  }
}
