import { InvalidKeyError } from "./errors.ts";

/** The key by which a file names the file or files it inherits from. */
export const BASE_KEY = "_BASE_";

/** Keys with this prefix may be set once, even in a frozen config, and never change. */
export const COMPUTED_PREFIX = "COMPUTED_";

/** Names that can't be keys because every node has them as a method; `cfg-node.ts` adds its own. */
export const reservedNames = new Set(Object.getOwnPropertyNames(Object.prototype));

/** @throws InvalidKeyError when `name` can't be a key of a node; `fullKey` names it in the message. */
export function checkKey(name: string, fullKey: string): void {
  if (name === BASE_KEY) throw new InvalidKeyError(fullKey, "it can only be used in files");
  if (reservedNames.has(name))
    throw new InvalidKeyError(fullKey, `every node has a ${name} already`);
}

/** @throws InvalidKeyError for `__proto__`, which no mapping may have, not even one inside a sequence. */
export function refuseProto(name: string, fullKey: string): void {
  if (name === "__proto__")
    throw new InvalidKeyError(fullKey, "it would set an object's prototype");
}
