import type { AnyModule } from "./module.ts";

// Methods, because their parameters are compared both ways: only so is a module of definite arguments an
// AnyModule, and only so does a hook on an AnyModule say what output it expects.
interface Hooks<Args extends unknown[], Out> {
  before(module: AnyModule, args: Args): Args | void;
  after(module: AnyModule, args: Args, output: Awaited<Out>): Awaited<Out> | void;
}

/**
 * Runs before `forward`, given the module that was called and its arguments. What it returns, unless
 * undefined, replaces the arguments.
 */
export type ForwardPreHook<Args extends unknown[]> = Hooks<Args, unknown>["before"];

/**
 * Runs after `forward`, given the module that was called, what `forward` was given, and its output; where
 * `forward` is async, once it has resolved. What the hook returns, unless undefined, replaces the output.
 */
export type ForwardHook<Args extends unknown[], Out> = Hooks<Args, Out>["after"];

/** Takes a hook off again: call `remove()`, or declare the handle with `using`. */
export interface HookHandle extends Disposable {
  remove(): void;
}

/** Hooks in the order they were registered; the same function may be there twice. */
export class HookList<Hook> {
  readonly #entries = new Set<{ readonly hook: Hook }>();

  get size(): number {
    return this.#entries.size;
  }

  add(hook: Hook): HookHandle {
    const entry = { hook };
    this.#entries.add(entry);
    const remove = (): void => {
      this.#entries.delete(entry);
    };
    return { remove, [Symbol.dispose]: remove };
  }

  /** The hooks of this moment: one that removes itself while running disturbs nobody. */
  list(): Hook[] {
    return Array.from(this.#entries, ({ hook }) => hook);
  }
}
