import * as coco from "@detectron-ts/coco";
import * as image from "@detectron-ts/image";
import * as structures from "@detectron-ts/structures";
import * as transforms from "@detectron-ts/transforms";

import * as data from "../errors.ts";

/** What threads can tell each other of an error. */
export interface EncodedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Own properties, such as the file that the error is about. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: EncodedError | undefined;
}

/** Takes an error apart; properties that threads cannot send each other are left out. */
export function encodeError(error: unknown): EncodedError {
  if (!(error instanceof Error)) {
    return {
      name: "Error",
      message: String(error),
      stack: undefined,
      fields: {},
      cause: undefined,
    };
  }
  const { name, message, stack, cause } = error;
  return {
    name,
    message,
    stack,
    fields: Object.fromEntries(Object.entries(error).filter(([, value]) => isCloneable(value))),
    cause: cause === undefined ? undefined : encodeError(cause),
  };
}

/**
 * The error that was encoded: of its own class where that is one of Node's or of a package that mappers are made of, with its
 * properties; a WorkerError that tells its name otherwise.
 *
 * @param file - the image that was being mapped.
 */
export function decodeError(encoded: EncodedError, file?: string): Error {
  const { name, message, stack, fields, cause } = encoded;
  const prototype = PROTOTYPES.get(name);
  if (!prototype) return new data.WorkerError(name, message, stack, file);
  // Constructors take what they make a message of; the message is there already.
  const error = new Error(message, cause && { cause: decodeError(cause) });
  Object.setPrototypeOf(error, prototype);
  Object.assign(error, fields);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

/** Prototypes of the error classes that are known on both sides. */
const PROTOTYPES: ReadonlyMap<string, object> = new Map(
  [{ Error, TypeError, RangeError, SyntaxError }, data, image, transforms, structures, coco]
    .flatMap((module) => Object.values<unknown>(module))
    .filter(isErrorClass)
    .map(({ name, prototype }) => [name, prototype]),
);

function isErrorClass(value: unknown): value is { name: string; prototype: Error } {
  return typeof value === "function" && (value === Error || value.prototype instanceof Error);
}
