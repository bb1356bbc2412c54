import { AsyncLocalStorage } from "node:async_hooks";

interface Frame<T> {
  /** Undefined once the frame was left: tasks that still hold the frame don't keep the value in memory. */
  value: T | undefined;
  readonly below: Frame<T> | undefined;
}

/**
 * A stack whose top follows the flow of asynchronous code: what is entered in one task is not seen by tasks
 * that run beside it.
 */
export class AsyncStack<T extends object> {
  readonly #frames = new AsyncLocalStorage<Frame<T> | undefined>();

  /** What was entered last and not left. */
  get top(): T | undefined {
    return this.#openFrame()?.value;
  }

  /**
   * Puts a value on top for the rest of the present task and all it starts.
   *
   * @returns Takes the value off again.
   */
  enter(value: T): () => void {
    const frame = this.#frame(value);
    this.#frames.enterWith(frame);
    return () => {
      // A caller that went on while this task awaited may hold the frame as well: for it, that it is empty is what counts.
      frame.value = undefined;
      this.#frames.enterWith(this.#openFrame());
    };
  }

  /** Runs a function, sync or async, with a value on top for it alone. */
  run<R>(value: T, fn: () => R): R {
    return this.#frames.run(this.#frame(value), fn);
  }

  #frame(value: T): Frame<T> {
    return { value, below: this.#openFrame() };
  }

  #openFrame(): Frame<T> | undefined {
    let frame = this.#frames.getStore();
    while (frame !== undefined && frame.value === undefined) frame = frame.below;
    return frame;
  }
}
