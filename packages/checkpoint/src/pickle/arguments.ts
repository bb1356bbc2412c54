import { type ByteCursor } from "../byte-source.ts";
import { checkLimit, type CheckpointLimits } from "../limits.ts";
import {
  decodeTwosComplement,
  parseEscapedText,
  parseFloatLiteral,
  parseInteger,
  parseQuotedString,
} from "./literals.ts";
import { LazyBytes } from "./values.ts";

/** Longer byte strings stay in the file until a tensor is read from them. */
const INLINE_BYTES = 1024;
/** Longer texts stay in the file; keys and names are far shorter. */
const INLINE_TEXT = 4096;
/** The longest line of a protocol 0 argument that is not a string: a number or a dotted name. */
const MAX_LINE = 4096;

/**
 * Reads what stands behind an opcode: numbers, lines, texts and bytes. Each method takes its argument off the stream.
 *
 * They throw TruncatedFileError when the stream ends early, LimitExceededError before a limit is passed, and what
 * `malformed` makes of anything else that is wrong.
 */
export class PickleArguments {
  readonly #cursor: ByteCursor;
  readonly #limits: CheckpointLimits;
  readonly #malformed: (detail: string) => Error;

  /** @param malformed - says where in the stream something is wrong. */
  constructor(cursor: ByteCursor, limits: CheckpointLimits, malformed: (detail: string) => Error) {
    this.#cursor = cursor;
    this.#limits = limits;
    this.#malformed = malformed;
  }

  /** An unsigned integer of some bytes. */
  uint(size: 1 | 2 | 4): number {
    return this.#cursor.take(size, "opcode argument").readUIntLE(0, size);
  }

  /** An unsigned integer of eight bytes; beyond 2^53, which no file reaches, it is rounded. */
  uint64(): number {
    const value = this.#cursor.take(8, "opcode argument").readBigUInt64LE();
    // Whatever is beyond 2^53 is beyond the end of the file, too.
    return Number(value);
  }

  /** A length in four bytes with a sign, as old opcodes have it. */
  signedLength(): number {
    const length = this.#cursor.take(4, "opcode argument").readInt32LE();
    if (length < 0) throw this.#malformed(`the length ${length} is negative`);
    return length;
  }

  /** The rest of a line: a number or a dotted name. */
  line(): string {
    return this.#rawLine(MAX_LINE).toString("utf8");
  }

  #rawLine(maximum: number): Buffer {
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      const size = Math.min(256, this.#cursor.source.size - this.#cursor.position);
      if (size === 0) this.#cursor.expect(1, "line");
      const chunk = this.#cursor.take(size, "line");
      const end = chunk.indexOf(0x0a);
      const piece = Buffer.from(end < 0 ? chunk : chunk.subarray(0, end));
      chunks.push(piece);
      length += piece.byteLength;
      if (length > maximum) throw this.#malformed(`a line is longer than ${maximum} bytes`);
      if (end >= 0) {
        this.#cursor.position -= size - end - 1;
        return Buffer.concat(chunks);
      }
    }
  }

  /** A line that is an index of the memo. */
  decimal(): number {
    const line = this.line();
    if (!/^\d{1,15}$/.test(line)) throw this.#malformed(`"${line}" is no index`);
    return Number(line);
  }

  /** A line that is an integer, or a boolean of protocol 0. */
  intLine(): number | bigint | boolean {
    const line = this.line();
    // Protocol 0 writes booleans as integers of two digits.
    if (line === "00") return false;
    if (line === "01") return true;
    return this.#integer(line);
  }

  /** A line of protocol 0 that is an integer of any length, with an `L` behind it as Python 2 writes it. */
  longLine(): number | bigint {
    return this.#integer(this.line().replace(/L$/, ""));
  }

  #integer(digits: string): number | bigint {
    checkLimit(this.#limits, "maxIntegerBytes", digits.length, "an integer's number of digits");
    return parseInteger(digits) ?? this.#noLiteral(digits, "integer");
  }

  /** A line that is a float. */
  floatLine(): number {
    const line = this.line();
    return parseFloatLiteral(line) ?? this.#noLiteral(line, "float");
  }

  /** An integer of so many bytes, in two's complement. */
  longInteger(length: number): number | bigint {
    checkLimit(this.#limits, "maxIntegerBytes", length, "an integer's length in bytes");
    return decodeTwosComplement(this.#cursor.take(length, "integer"));
  }

  /** Python 2's `str` is bytes; detectron2 reads it as latin1, which keeps every byte. */
  python2String(length: number): string | LazyBytes {
    if (length > INLINE_BYTES) return this.#lazy(length, "raw", false);
    return this.#cursor.take(length, "string").toString("latin1");
  }

  /** UTF-8 text of so many bytes; long ones stay in the file. */
  text(length: number): string | LazyBytes {
    if (length > INLINE_TEXT) return this.#lazy(length, "utf8", false);
    return this.#cursor.take(length, "text").toString("utf8");
  }

  /** So many bytes; many stay in the file. */
  bytes(length: number): Uint8Array | LazyBytes {
    if (length > INLINE_BYTES) return this.#lazy(length, "raw", true);
    return new Uint8Array(this.#cursor.take(length, "bytes"));
  }

  #lazy(length: number, encoding: "raw" | "utf8", isBytes: boolean): LazyBytes {
    const position = this.#cursor.skip(length, isBytes ? "bytes" : "text");
    return new LazyBytes(this.#cursor.source, position, length, encoding, isBytes);
  }

  /** A line that is a string in quotes, of protocol 0. */
  quotedLine(): string {
    const line = this.#rawLine(this.#limits.maxStringBytes).toString("latin1");
    return parseQuotedString(line) ?? this.#noLiteral(line.slice(0, 20), "quoted string");
  }

  /** A line that is text with `\u` escapes, of protocol 0. */
  escapedLine(): string {
    return parseEscapedText(this.#rawLine(this.#limits.maxStringBytes).toString("latin1"));
  }

  #noLiteral(text: string, kind: string): never {
    throw this.#malformed(`"${text}" is no ${kind}`);
  }
}
