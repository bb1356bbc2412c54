import { UnserializableValueError } from "../errors.ts";
import { OPCODES } from "../pickle/opcodes.ts";
import { OrderedDict, PythonFloat, PythonTuple } from "./python-values.ts";

const PROTOCOL = 2;
/** Items that Python's pickler puts on the stack at once. */
const BATCH = 1000;

/**
 * Writes an object by a form of its own, which ends with {@link Pickler.reduce}; or returns false, and has
 * written nothing.
 */
export type Reducer = (value: object, pickler: Pickler, path: string) => boolean;

/**
 * Writes plain values as pickle protocol 2, opcode for opcode as Python's own pickler does: what was written
 * before is referred to by its place in the memo, strings by their text and everything else by identity.
 *
 * | JavaScript | Python |
 * | --- | --- |
 * | null, boolean, string | None, bool, str |
 * | number | int when whole and safe, else float |
 * | bigint | int |
 * | array | list |
 * | Map, plain object | dict |
 * | {@link PythonFloat}, {@link PythonTuple}, {@link OrderedDict} | float, tuple, OrderedDict |
 */
export class Pickler {
  readonly #reducer: Reducer;
  readonly #chunks: Buffer[] = [];
  readonly #memo = new Map<unknown, number>();
  readonly #globals = new Map<string, number>();
  readonly #open = new Set<object>();
  #memoSize = 0;

  /** @param reducer Is asked first about every object. */
  constructor(reducer: Reducer) {
    this.#reducer = reducer;
  }

  /**
   * The pickle of a value.
   *
   * @throws {UnserializableValueError} when a value within it has no Python form, or holds itself.
   */
  dump(value: unknown): Buffer {
    this.#bytes(OPCODES.PROTO, PROTOCOL);
    this.save(value, "");
    this.#bytes(OPCODES.STOP);
    return Buffer.concat(this.#chunks);
  }

  /** Writes a value. `path` is where it stands, for messages. */
  save(value: unknown, path: string): void {
    switch (typeof value) {
      case "boolean":
        return this.#bytes(value ? OPCODES.NEWTRUE : OPCODES.NEWFALSE);
      case "number":
        if (Number.isSafeInteger(value) && !Object.is(value, -0)) return this.#integer(value);
        return this.#float(value);
      case "bigint":
        return this.#bigInteger(value, path);
      case "string":
        return this.#string(value, path);
      case "object":
        return value === null ? this.#bytes(OPCODES.NONE) : this.#object(value, path);
      default:
        throw new UnserializableValueError(
          path,
          value === undefined ? "undefined" : "a " + typeof value,
        );
    }
  }

  /** A tuple; each of `items` writes one of its values. */
  saveTuple(items: readonly (() => void)[]): void {
    if (items.length === 0) return this.#bytes(OPCODES.EMPTY_TUPLE);
    if (items.length > 3) this.#bytes(OPCODES.MARK);
    for (const save of items) save();
    this.#bytes(TUPLE_OPCODES[items.length] ?? OPCODES.TUPLE);
    this.#remember();
  }

  /** A module's class or function, by name. */
  saveGlobal(module: string, name: string): void {
    const text = `${module}\n${name}\n`;
    const known = this.#globals.get(text);
    if (known !== undefined) return this.#recall(known);
    this.#bytes(OPCODES.GLOBAL);
    this.#chunks.push(Buffer.from(text));
    this.#globals.set(text, this.#remember());
  }

  /** Replaces the tuple that was written last by what the unpickler's `persistent_load` makes of it. */
  persistentId(): void {
    this.#bytes(OPCODES.BINPERSID);
  }

  /** Calls the global with the tuple that were written last. */
  reduce(): void {
    this.#bytes(OPCODES.REDUCE);
    this.#remember();
  }

  #object(value: object, path: string): void {
    const known = this.#memo.get(value);
    if (this.#open.has(value)) {
      throw new UnserializableValueError(path, "a container that holds itself");
    }
    if (known !== undefined) return this.#recall(known);
    this.#open.add(value);
    if (this.#reducer(value, this, path)) this.#memo.set(value, this.#memoSize - 1);
    else if (value instanceof PythonFloat) this.#float(value.value);
    else if (value instanceof PythonTuple) this.#tuple(value, path);
    else if (value instanceof OrderedDict) this.#orderedDict(value, path);
    else if (Array.isArray(value)) this.#list(value, path);
    else if (value instanceof Map) this.#dict(value, value, path);
    else if (isPlainObject(value)) this.#dict(value, new Map(Object.entries(value)), path);
    else throw new UnserializableValueError(path, `an object of class ${className(value)}`);
    this.#open.delete(value);
  }

  #tuple(value: PythonTuple, path: string): void {
    this.saveTuple(value.items.map((item, i) => () => this.save(item, join(path, i))));
    if (value.items.length > 0) this.#memo.set(value, this.#memoSize - 1);
  }

  #list(value: readonly unknown[], path: string): void {
    this.#bytes(OPCODES.EMPTY_LIST);
    this.#memo.set(value, this.#remember());
    const save = (item: unknown, i: number) => this.save(item, join(path, i));
    this.#batches(value, save, OPCODES.APPEND, OPCODES.APPENDS);
  }

  #dict(identity: object, entries: ReadonlyMap<unknown, unknown>, path: string): void {
    this.#bytes(OPCODES.EMPTY_DICT);
    this.#memo.set(identity, this.#remember());
    this.#entries(entries, path);
  }

  #orderedDict(value: OrderedDict, path: string): void {
    this.saveGlobal("collections", "OrderedDict");
    this.saveTuple([]);
    this.reduce();
    this.#memo.set(value, this.#memoSize - 1);
    this.#entries(value.entries, path);
    if (value.attributes.size === 0) return;
    this.save(value.attributes, path);
    this.#bytes(OPCODES.BUILD);
  }

  #entries(entries: ReadonlyMap<unknown, unknown>, path: string): void {
    const save = ([key, item]: readonly [unknown, unknown]) => {
      if (typeof key === "object" && key !== null) {
        throw new UnserializableValueError(path, "a dict whose key is an object");
      }
      this.save(key, path);
      this.save(item, join(path, String(key)));
    };
    this.#batches([...entries], save, OPCODES.SETITEM, OPCODES.SETITEMS);
  }

  #batches<T>(
    items: readonly T[],
    save: (item: T, index: number) => void,
    one: number,
    many: number,
  ): void {
    for (let start = 0; start < items.length; start += BATCH) {
      const end = Math.min(items.length, start + BATCH);
      const isSingle = end - start === 1;
      if (!isSingle) this.#bytes(OPCODES.MARK);
      for (let i = start; i < end; i++) save(items[i], i);
      this.#bytes(isSingle ? one : many);
    }
  }

  #string(value: string, path: string): void {
    const known = this.#memo.get(value);
    if (known !== undefined) return this.#recall(known);
    if (/\p{Surrogate}/u.test(value)) {
      throw new UnserializableValueError(path, "a string with half a surrogate pair");
    }
    const text = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.byteLength);
    this.#bytes(OPCODES.BINUNICODE);
    this.#chunks.push(length, text);
    this.#memo.set(value, this.#remember());
  }

  #float(value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    this.#bytes(OPCODES.BINFLOAT);
    this.#chunks.push(bytes);
  }

  #integer(value: number): void {
    if (value >= 0 && value <= 0xff) return this.#bytes(OPCODES.BININT1, value);
    if (value >= 0 && value <= 0xffff) {
      return this.#bytes(OPCODES.BININT2, value & 0xff, value >> 8);
    }
    if (value !== (value | 0)) return this.#long(BigInt(value));
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    this.#bytes(OPCODES.BININT);
    this.#chunks.push(bytes);
  }

  #bigInteger(value: bigint, path: string): void {
    if (BigInt.asIntN(32, value) === value) return this.#integer(Number(value));
    if (BigInt.asIntN(8 * 255, value) !== value) {
      throw new UnserializableValueError(path, "an integer of more than 255 bytes");
    }
    this.#long(value);
  }

  /** Two's complement in as few bytes as hold the sign, too. */
  #long(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    do {
      bytes.push(Number(rest & 0xffn));
      rest >>= 8n;
    } while (rest !== (bytes[bytes.length - 1] & 0x80 ? -1n : 0n));
    this.#bytes(OPCODES.LONG1, bytes.length, ...bytes);
  }

  /** Gives what was written last the next place of the memo. */
  #remember(): number {
    const index = this.#memoSize++;
    this.#memoOpcode(OPCODES.BINPUT, OPCODES.LONG_BINPUT, index);
    return index;
  }

  #recall(index: number): void {
    this.#memoOpcode(OPCODES.BINGET, OPCODES.LONG_BINGET, index);
  }

  #memoOpcode(short: number, long: number, index: number): void {
    if (index <= 0xff) return this.#bytes(short, index);
    const bytes = Buffer.alloc(5);
    bytes[0] = long;
    bytes.writeUInt32LE(index, 1);
    this.#chunks.push(bytes);
  }

  #bytes(...bytes: number[]): void {
    this.#chunks.push(Buffer.from(bytes));
  }
}

const TUPLE_OPCODES: readonly (number | undefined)[] = [
  undefined,
  OPCODES.TUPLE1,
  OPCODES.TUPLE2,
  OPCODES.TUPLE3,
];

function join(path: string, key: string | number): string {
  return path === "" ? String(key) : `${path}.${key}`;
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function className(value: object): string {
  const constructor: unknown = "constructor" in value ? value.constructor : undefined;
  return typeof constructor === "function" ? constructor.name : "unknown";
}
