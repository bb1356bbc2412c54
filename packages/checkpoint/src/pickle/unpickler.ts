import { ByteCursor, type ByteSource } from "../byte-source.ts";
import { MalformedPickleError } from "../errors.ts";
import { checkLimit, type CheckpointLimits } from "../limits.ts";
import { PickleArguments } from "./arguments.ts";
import { buildObject, PickleArgumentError, resolveGlobal } from "./allow-list.ts";
import { OPCODES, opcodeName } from "./opcodes.ts";
import { GlobalReference, PickleDict, Placeholder, type PickleValue } from "./values.ts";

/** How one pickle is read. */
export interface UnpickleOptions {
  readonly limits: CheckpointLimits;
  /** Where the pickle starts; default 0. */
  readonly position?: number;
  /** What a persistent id stands for. Without it, persistent ids are an error. */
  readonly persistentLoad?: (id: PickleValue) => PickleValue;
}

/** What one pickle held. */
export interface UnpickleResult {
  readonly value: PickleValue;
  /** Position just behind the STOP opcode. */
  readonly end: number;
  /** Every import, as `module.name`, in order of appearance. */
  readonly imports: readonly string[];
  /** Those imports that are not on the allow-list; each became a {@link Placeholder}. */
  readonly unknownImports: readonly string[];
}

/**
 * Reads one pickle of protocol 0 to 5. This is a stack machine that builds values: it imports nothing, calls
 * nothing that the pickle names and looks no name up on any object. The allow-list maps a few names to
 * constructors of this package's own value types; every other name becomes an inert placeholder.
 *
 * @throws {MalformedPickleError} when the stream breaks the rules.
 * @throws {TruncatedFileError} when it ends early.
 * @throws {LimitExceededError} before a limit is passed.
 */
export function unpickle(source: ByteSource, options: UnpickleOptions): UnpickleResult {
  return new PickleMachine(source, options).run();
}

class PickleMachine {
  readonly #cursor: ByteCursor;
  readonly #arguments: PickleArguments;
  readonly #limits: CheckpointLimits;
  readonly #persistentLoad: ((id: PickleValue) => PickleValue) | undefined;
  readonly #memo = new Map<number, PickleValue>();
  readonly #imports = new Set<string>();
  readonly #unknown = new Set<string>();
  /** Stacks below open MARKs. */
  readonly #marks: PickleValue[][] = [];
  #stack: PickleValue[] = [];
  #stackedBelow = 0;
  #copiedValues = 0;
  #opcode = 0;
  #opcodePosition = 0;

  constructor(source: ByteSource, options: UnpickleOptions) {
    this.#cursor = new ByteCursor(source, options.position);
    this.#limits = options.limits;
    const malformed = (detail: string): Error => this.#malformed(detail);
    this.#arguments = new PickleArguments(this.#cursor, options.limits, malformed);
    this.#persistentLoad = options.persistentLoad;
  }

  run(): UnpickleResult {
    for (let count = 1; ; count++) {
      checkLimit(this.#limits, "maxPickleOpcodes", count, "the pickle's number of opcodes");
      this.#opcodePosition = this.#cursor.position;
      this.#opcode = this.#cursor.take(1, "pickle")[0];
      if (this.#opcode === OPCODES.STOP) break;
      this.#step(this.#opcode);
      const depth = this.#stackedBelow + this.#stack.length + this.#marks.length;
      checkLimit(this.#limits, "maxPickleStack", depth, "the pickle's stack depth");
    }
    return {
      value: this.#pop(),
      end: this.#cursor.position,
      imports: [...this.#imports],
      unknownImports: [...this.#unknown],
    };
  }

  #step(opcode: number): void {
    switch (opcode) {
      // -- stack and memo
      case OPCODES.MARK:
        this.#marks.push(this.#stack);
        this.#stackedBelow += this.#stack.length;
        this.#stack = [];
        return;
      case OPCODES.POP:
        // As in Python, POP on an empty level removes the MARK.
        if (this.#stack.length > 0) this.#stack.pop();
        else this.#popMark();
        return;
      case OPCODES.POP_MARK:
        this.#popMark();
        return;
      case OPCODES.DUP:
        return this.#push(this.#top());
      case OPCODES.PUT:
        return this.#remember(this.#arguments.decimal());
      case OPCODES.BINPUT:
        return this.#remember(this.#arguments.uint(1));
      case OPCODES.LONG_BINPUT:
        return this.#remember(this.#arguments.uint(4));
      case OPCODES.MEMOIZE:
        return this.#remember(this.#memo.size);
      case OPCODES.GET:
        return this.#recall(this.#arguments.decimal());
      case OPCODES.BINGET:
        return this.#recall(this.#arguments.uint(1));
      case OPCODES.LONG_BINGET:
        return this.#recall(this.#arguments.uint(4));

      // -- constants and numbers
      case OPCODES.NONE:
        return this.#push(null);
      case OPCODES.NEWTRUE:
        return this.#push(true);
      case OPCODES.NEWFALSE:
        return this.#push(false);
      case OPCODES.INT:
        return this.#push(this.#arguments.intLine());
      case OPCODES.LONG:
        return this.#push(this.#arguments.longLine());
      case OPCODES.FLOAT:
        return this.#push(this.#arguments.floatLine());
      case OPCODES.BININT:
        return this.#push(this.#cursor.take(4, "integer").readInt32LE());
      case OPCODES.BININT1:
        return this.#push(this.#arguments.uint(1));
      case OPCODES.BININT2:
        return this.#push(this.#arguments.uint(2));
      case OPCODES.LONG1:
        return this.#push(this.#arguments.longInteger(this.#arguments.uint(1)));
      case OPCODES.LONG4:
        return this.#push(this.#arguments.longInteger(this.#arguments.signedLength()));
      case OPCODES.BINFLOAT:
        return this.#push(this.#cursor.take(8, "float").readDoubleBE());

      // -- strings and bytes
      case OPCODES.STRING:
        return this.#push(this.#arguments.quotedLine());
      case OPCODES.UNICODE:
        return this.#push(this.#arguments.escapedLine());
      case OPCODES.SHORT_BINSTRING:
        return this.#push(this.#arguments.python2String(this.#arguments.uint(1)));
      case OPCODES.BINSTRING:
        return this.#push(this.#arguments.python2String(this.#arguments.signedLength()));
      case OPCODES.SHORT_BINUNICODE:
        return this.#push(this.#arguments.text(this.#arguments.uint(1)));
      case OPCODES.BINUNICODE:
        return this.#push(this.#arguments.text(this.#arguments.uint(4)));
      case OPCODES.BINUNICODE8:
        return this.#push(this.#arguments.text(this.#arguments.uint64()));
      case OPCODES.SHORT_BINBYTES:
        return this.#push(this.#arguments.bytes(this.#arguments.uint(1)));
      case OPCODES.BINBYTES:
        return this.#push(this.#arguments.bytes(this.#arguments.uint(4)));
      case OPCODES.BINBYTES8:
      case OPCODES.BYTEARRAY8:
        return this.#push(this.#arguments.bytes(this.#arguments.uint64()));

      // -- containers
      case OPCODES.EMPTY_TUPLE:
      case OPCODES.EMPTY_LIST:
      case OPCODES.EMPTY_SET:
        return this.#push([]);
      case OPCODES.TUPLE:
      case OPCODES.LIST:
      case OPCODES.FROZENSET:
        return this.#push(this.#popMark());
      case OPCODES.TUPLE1:
        return this.#push(this.#popMany(1));
      case OPCODES.TUPLE2:
        return this.#push(this.#popMany(2));
      case OPCODES.TUPLE3:
        return this.#push(this.#popMany(3));
      case OPCODES.APPEND:
        return this.#append(this.#popMany(1));
      case OPCODES.APPENDS:
      case OPCODES.ADDITEMS:
        return this.#append(this.#popMark());
      case OPCODES.EMPTY_DICT:
        return this.#push(new PickleDict());
      case OPCODES.DICT: {
        const items = this.#popMark();
        this.#push(new PickleDict());
        return this.#setItems(items);
      }
      case OPCODES.SETITEM:
        return this.#setItems(this.#popMany(2));
      case OPCODES.SETITEMS:
        return this.#setItems(this.#popMark());

      // -- names and objects
      case OPCODES.GLOBAL: {
        const module = this.#arguments.line();
        return this.#push(this.#global(module, this.#arguments.line()));
      }
      case OPCODES.STACK_GLOBAL: {
        const [module, name] = this.#popMany(2);
        if (typeof module !== "string" || typeof name !== "string") {
          throw this.#malformed("module and name must be strings");
        }
        return this.#push(this.#global(module, name));
      }
      case OPCODES.INST: {
        const module = this.#arguments.line();
        const cls = this.#global(module, this.#arguments.line());
        return this.#push(this.#construct(cls, this.#popMark()));
      }
      case OPCODES.OBJ: {
        const [cls, ...args] = this.#popMark();
        return this.#push(this.#construct(cls, args));
      }
      case OPCODES.REDUCE:
      case OPCODES.NEWOBJ: {
        const [callable, args] = this.#popMany(2);
        return this.#push(this.#construct(callable, args));
      }
      case OPCODES.NEWOBJ_EX: {
        const [cls, args] = this.#popMany(3);
        return this.#push(this.#construct(cls, args));
      }
      case OPCODES.BUILD: {
        const state = this.#pop();
        return this.#guarded(() => buildObject(this.#top(), state));
      }
      case OPCODES.PERSID:
        return this.#push(this.#loadPersistent(this.#arguments.line()));
      case OPCODES.BINPERSID:
        return this.#push(this.#loadPersistent(this.#pop()));

      // -- framing
      case OPCODES.PROTO: {
        const protocol = this.#arguments.uint(1);
        if (protocol > 5) throw this.#malformed(`protocol ${protocol} is unknown, the newest is 5`);
        return;
      }
      case OPCODES.FRAME:
        return this.#cursor.expect(this.#arguments.uint64(), "pickle frame");
      case OPCODES.EXT1:
      case OPCODES.EXT2:
      case OPCODES.EXT4:
        throw this.#malformed("the copyreg extension registry is not supported");
      case OPCODES.NEXT_BUFFER:
      case OPCODES.READONLY_BUFFER:
        throw this.#malformed("out-of-band buffers are not part of a file");
      default:
        throw this.#malformed("unknown opcode");
    }
  }

  // -- stack

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #top(): PickleValue {
    if (this.#stack.length === 0) throw this.#malformed("the stack is empty");
    return this.#stack[this.#stack.length - 1];
  }

  #pop(): PickleValue {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length < count) {
      throw this.#malformed(`wants ${count} values, the stack has ${this.#stack.length}`);
    }
    return this.#stack.splice(this.#stack.length - count, count);
  }

  #popMark(): PickleValue[] {
    const below = this.#marks.pop();
    if (below === undefined) throw this.#malformed("there is no MARK");
    const items = this.#stack;
    this.#stack = below;
    this.#stackedBelow -= below.length;
    return items;
  }

  // -- memo

  #remember(index: number): void {
    if (!this.#memo.has(index)) {
      const size = this.#memo.size + 1;
      checkLimit(this.#limits, "maxPickleMemo", size, "the pickle's memo size");
    }
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#malformed(`memo ${index} is empty`);
    this.#push(value);
  }

  // -- containers and objects

  #append(items: readonly PickleValue[]): void {
    const target = this.#top();
    if (target instanceof Placeholder) return;
    if (!Array.isArray(target)) throw this.#malformed("the target is no list or set");
    for (const item of items) target.push(item);
  }

  #setItems(items: readonly PickleValue[]): void {
    const target = this.#top();
    if (target instanceof Placeholder) return;
    if (!(target instanceof PickleDict)) throw this.#malformed("the target is no dict");
    if (items.length % 2 !== 0) throw this.#malformed("a key has no value");
    for (let i = 0; i < items.length; i += 2) target.entries.set(items[i], items[i + 1]);
  }

  #global(module: string, name: string): PickleValue {
    const reference = resolveGlobal(module, name);
    this.#imports.add(`${module}.${name}`);
    if (reference !== undefined) return reference;
    this.#unknown.add(`${module}.${name}`);
    return new Placeholder(`${module}.${name}`);
  }

  #construct(callable: PickleValue, args: PickleValue): PickleValue {
    if (callable instanceof Placeholder) return new Placeholder(callable.qualifiedName);
    if (!(callable instanceof GlobalReference)) throw this.#malformed("the callee is no import");
    if (!Array.isArray(args)) throw this.#malformed("the arguments are no tuple");
    const { construct } = callable;
    if (construct === undefined) {
      throw this.#malformed(`${callable.qualifiedName} is not something to call`);
    }
    return this.#guarded(() => construct(args, (values) => this.#spend(values)));
  }

  /** A few opcodes can copy a long list many times; the copies count like values of their own. */
  #spend(values: number): void {
    this.#copiedValues += values;
    checkLimit(this.#limits, "maxValues", this.#copiedValues, "the number of copied values");
  }

  #loadPersistent(id: PickleValue): PickleValue {
    const load = this.#persistentLoad;
    if (load === undefined) throw this.#malformed("this file has no persistent objects");
    return this.#guarded(() => load(id));
  }

  /** Constructors report what is wrong; the machine adds where. */
  #guarded<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof PickleArgumentError) throw this.#malformed(error.message);
      throw error;
    }
  }

  #malformed(detail: string): MalformedPickleError {
    return new MalformedPickleError(this.#opcodePosition, opcodeName(this.#opcode), detail);
  }
}
