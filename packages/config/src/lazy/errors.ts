import { ConfigError, didYouMean, shorten } from "../errors.ts";

/** A reference in a tree leads nowhere, or back to itself. */
export class LazyReferenceError extends ConfigError {
  /** Dotted path of the option that has the reference. */
  readonly path: string;
  /** The reference, such as `${..numClasses}`. */
  readonly reference: string;
  readonly reason: string;
  /** Names that there are and look like the missing one, nearest first. */
  readonly suggestions: readonly string[];

  constructor(path: string, reference: string, reason: string, suggestions: readonly string[]) {
    super(`${path}: the reference ${reference} ${reason}.${didYouMean(suggestions)}`);
    this.path = path;
    this.reference = reference;
    this.reason = reason;
    this.suggestions = suggestions;
  }
}

/** A class or function of a tree failed on its options; `cause` is what it threw. */
export class LazyConstructionError extends ConfigError {
  /** Dotted path of the node. */
  readonly path: string;
  /** Name of the class or function. */
  readonly target: string;

  constructor(path: string, target: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${path === "" ? "the tree" : path}: cannot construct ${target}: ${reason}`, { cause });
    this.path = path;
    this.target = target;
  }
}

/** A part of a tree that is constructed at once needs one that takes time; `instantiateAsync` waits for it. */
export class LazyPromiseError extends ConfigError {
  /** Dotted path of the node whose value is a promise. */
  readonly path: string;
  readonly target: string;

  constructor(path: string, target: string) {
    super(`${path}: ${target} returns a promise; construct the tree with instantiateAsync`);
    this.path = path;
    this.target = target;
  }
}

/** A node that is to be instantiated within a tree isn't part of it. */
export class LazyMembershipError extends ConfigError {
  readonly target: string;

  constructor(target: string) {
    super(`The node of ${target} is no part of the tree given as within`);
    this.target = target;
  }
}

/** An override isn't of the form KEY=VALUE, +KEY=VALUE or ~KEY. */
export class LazyOverrideError extends ConfigError {
  /** The override as it was given. */
  readonly override: string;
  readonly reason: string;

  constructor(override: string, reason: string) {
    super(`Override ${shorten(override)}: ${reason}`);
    this.override = override;
    this.reason = reason;
  }
}

/** A name of `_target_` or `_name_` stands where none can, or is no text. */
export class LazyTargetError extends ConfigError {
  /** Dotted path of the node. */
  readonly path: string;
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`${path === "" ? "the tree" : path}: ${reason}`);
    this.path = path;
    this.reason = reason;
  }
}
