/** Something that can be called. */
export interface Callable<Args extends unknown[], Out> {
  (...args: Args): Out;
}

/**
 * An object that is a function: calling an instance calls its `invoke`. Fields of subclasses, private ones
 * included, live on the function.
 */
export abstract class CallableObject {
  constructor() {
    const callable = (...args: unknown[]): unknown =>
      (callable as unknown as CallableObject).invoke(...args);
    // A function's own `name` and `length` are read-only and would shadow fields of a subclass.
    Reflect.deleteProperty(callable, "name");
    Reflect.deleteProperty(callable, "length");
    return Object.setPrototypeOf(callable, new.target.prototype) as this;
  }

  /** What a call does. */
  protected abstract invoke(...args: unknown[]): unknown;
}
