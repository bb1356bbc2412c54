/**
 * Whether new operations record gradients: `auto` records what depends on a parameter of a module in
 * training, `on` also that of modules in eval(), `off` nothing.
 */
export type GradMode = "auto" | "on" | "off";

interface Scope {
  run<T>(mode: GradMode, body: () => T): T;
  current(): GradMode;
}

interface AsyncStorage {
  run<T>(mode: GradMode, body: () => T): T;
  getStore(): GradMode | undefined;
}

interface AsyncHooks {
  readonly AsyncLocalStorage: new () => AsyncStorage;
}

// An `async` body goes on after `noGrad` has returned, and other code runs in between. Where the platform
// can follow a chain of awaits (Node), the mode follows it too; elsewhere it lasts until the body's promise
// settles, which is right as long as bodies do not overlap.
function createScope(): Scope {
  const hooks = globalThis.process?.getBuiltinModule?.("node:async_hooks") as
    AsyncHooks | undefined;
  if (hooks !== undefined) {
    const storage = new hooks.AsyncLocalStorage();
    return {
      run: (mode, body) => storage.run(mode, body),
      current: () => storage.getStore() ?? "auto",
    };
  }
  let mode: GradMode = "auto";
  return {
    run: (inner, body) => {
      const outer = mode;
      const restore = (): void => {
        mode = outer;
      };
      mode = inner;
      let result: ReturnType<typeof body>;
      try {
        result = body();
      } catch (error) {
        restore();
        throw error;
      }
      if (result instanceof Promise) result.then(restore, restore);
      else restore();
      return result;
    },
    current: () => mode,
  };
}

const scope = createScope();

/** The mode that operations created now are under. */
export function gradMode(): GradMode {
  return scope.current();
}

/** Runs `body`, sync or async, without recording gradients. Parameters are baked into compiled sessions. */
export function noGrad<T>(body: () => T): T {
  return scope.run("off", body);
}

/** Runs `body`, sync or async, recording gradients even through modules in eval(). */
export function enableGrad<T>(body: () => T): T {
  return scope.run("on", body);
}
