import { Buffer, Parameter, Variable } from "@detectron-ts/tensor";
import { type Callable, CallableObject } from "./callable.ts";
import { checkpointName } from "./checkpoint-name.ts";
import { ModuleNameError, SubmoduleError, type IncompatibleKeys } from "./errors.ts";
import { type ForwardHook, type ForwardPreHook, type HookHandle, HookList } from "./hooks.ts";
import { printModule } from "./print-module.ts";
import { loadStateDict, type LoadStateDictOptions, type StateDictValue } from "./state-dict.ts";

/** A module of which only the place in the tree matters, not what it computes. */
export type AnyModule = ModuleBase<unknown[], unknown>;

/** Something a module owns. */
interface Member {
  readonly value: AnyModule | Variable;
  /** The property that holds it, if one does. */
  readonly property?: string;
  /** False for buffers that are not part of checkpoints. */
  readonly persistent: boolean;
}

const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/**
 * The class behind {@link Module}, which adds the call signature to its type. Use `Module`; this one serves
 * `instanceof` checks and {@link AnyModule}.
 */
export abstract class ModuleBase<Args extends unknown[], Out> extends CallableObject {
  /** Whether the module is in training; see {@link ModuleBase.train}. */
  training = true;
  readonly #forwardPreHooks = new HookList<ForwardPreHook<Args>>();
  readonly #forwardHooks = new HookList<ForwardHook<Args, Out>>();
  readonly #registered = new Map<string, Omit<Member, "property">>();

  /** What the module computes. Call the module itself instead: that runs the hooks, too. */
  abstract forward(...args: Args): Out;

  protected override invoke(...args: Args): Out {
    let inputs = args;
    for (const hook of this.#forwardPreHooks.list()) inputs = hook(this, inputs) ?? inputs;
    const output = this.forward(...inputs);
    if (this.#forwardHooks.size === 0) return output;
    const runHooks = (result: Awaited<Out>): Awaited<Out> => {
      let current = result;
      for (const hook of this.#forwardHooks.list())
        current = hook(this, inputs, current) ?? current;
      return current;
    };
    return (
      output instanceof Promise ? output.then(runHooks) : runHooks(output as Awaited<Out>)
    ) as Out;
  }

  /** Has `hook` run before every `forward`, after the hooks registered earlier. */
  registerForwardPreHook(hook: ForwardPreHook<Args>): HookHandle {
    return this.#forwardPreHooks.add(hook);
  }

  /** Has `hook` run after every `forward`, after the hooks registered earlier. */
  registerForwardHook(hook: ForwardHook<Args, Out>): HookHandle {
    return this.#forwardHooks.add(hook);
  }

  /** Whether any hook is registered: then the module has to be called, and not to be worked around. */
  get hasHooks(): boolean {
    return this.#forwardPreHooks.size + this.#forwardHooks.size > 0;
  }

  /**
   * Makes `module` a child under a computed checkpoint name, as in `fpn_lateral${stage}`. A child held by a
   * property as well goes by this name instead of the property's.
   *
   * @throws ModuleNameError when the name is taken or no name.
   */
  registerModule<M extends AnyModule>(name: string, module: M): M {
    this.#register(name, { value: module, persistent: true });
    return module;
  }

  /** Makes `parameter` this module's under a computed checkpoint name; see {@link registerModule}. */
  registerParameter<P extends Parameter>(name: string, parameter: P): P {
    this.#register(name, { value: parameter, persistent: true });
    return parameter;
  }

  /**
   * Makes `buffer` this module's under a computed checkpoint name; see {@link registerModule}.
   *
   * @param options.persistent Whether it belongs in checkpoints; true when left out.
   */
  registerBuffer<B extends Buffer>(
    name: string,
    buffer: B,
    { persistent = true }: { persistent?: boolean } = {},
  ): B {
    this.#register(name, { value: buffer, persistent });
    return buffer;
  }

  #register(name: string, member: Omit<Member, "property">): void {
    if (name === "" || name.includes(".")) {
      throw new ModuleNameError(
        this.constructor.name,
        name,
        "has to be non-empty and free of dots",
      );
    }
    if (this.#registered.has(name)) {
      throw new ModuleNameError(this.constructor.name, name, "is registered already");
    }
    this.#registered.set(name, member);
  }

  /**
   * All that this module itself owns, by checkpoint name: first what is registered, in that order, then the
   * values of other enumerable properties in the order these were defined. The order is part of the contract
   * with detectron2, whose optimisers know parameters by position.
   */
  #members(): Map<string, Member> {
    const held = Object.entries(this).filter(
      (entry: [string, unknown]): entry is [string, AnyModule | Variable] =>
        entry[1] instanceof ModuleBase || entry[1] instanceof Variable,
    );
    const propertyOf = new Map(held.map(([property, value]) => [value, property]));
    const members = new Map<string, Member>();
    const registered = new Set<unknown>();
    for (const [name, member] of this.#registered) {
      const property = propertyOf.get(member.value);
      members.set(name, { ...member, ...(property !== undefined && { property }) });
      registered.add(member.value);
    }
    for (const [property, value] of held) {
      if (registered.has(value)) continue;
      const name = checkpointName(property);
      if (members.has(name)) {
        throw new ModuleNameError(this.constructor.name, name, "belongs to two of its members");
      }
      members.set(name, { value, property, persistent: true });
    }
    return members;
  }

  /** The direct children by checkpoint name. */
  namedChildren(): Map<string, AnyModule> {
    const children = new Map<string, AnyModule>();
    for (const [name, { value }] of this.#members()) {
      if (value instanceof ModuleBase) children.set(name, value);
    }
    return children;
  }

  /** The direct children. */
  children(): AnyModule[] {
    return [...this.namedChildren().values()];
  }

  /** This module (under the empty name) and all below it, parents first; each once, by its first name. */
  namedModules(): Map<string, AnyModule> {
    const named = new Map<string, AnyModule>();
    const seen = new Set<AnyModule>();
    for (const [prefix, module] of this.#walk()) {
      if (seen.has(module)) continue;
      seen.add(module);
      named.set(prefix.slice(0, -1), module);
    }
    return named;
  }

  /** This module and all below it, each once. */
  modules(): AnyModule[] {
    return [...this.namedModules().values()];
  }

  /** Every path to a module, as the prefix of what it owns: `""`, `"backbone."`, `"backbone.stem."`. */
  *#walk(prefix = ""): Generator<[prefix: string, module: AnyModule]> {
    yield [prefix, this];
    for (const [name, child] of this.namedChildren()) yield* child.#walk(`${prefix}${name}.`);
  }

  /** All parameters by checkpoint name, each once, by its first name. */
  namedParameters(): Map<string, Parameter> {
    return this.#namedVariables(Parameter);
  }

  /** All parameters, each once. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** All buffers by checkpoint name, those that are not part of checkpoints included. */
  namedBuffers(): Map<string, Buffer> {
    return this.#namedVariables(Buffer);
  }

  #namedVariables<V extends Variable>(kind: abstract new (...args: never) => V): Map<string, V> {
    const named = new Map<string, V>();
    const seen = new Set<Variable>();
    for (const [prefix, module] of this.#walk()) {
      for (const [name, { value }] of module.#members()) {
        if (!(value instanceof kind) || seen.has(value)) continue;
        seen.add(value);
        named.set(`${prefix}${name}`, value);
      }
    }
    return named;
  }

  /** Called before what the module holds is handed out; brings buffers up to date that lag behind. Does nothing here. */
  protected beforeStateDict(): void {}

  /**
   * What a checkpoint holds: all parameters and persistent buffers by detectron2's names, live and not
   * copied. What two modules share is there under both names.
   */
  stateDict(): Map<string, Variable> {
    const named = new Map<string, Variable>();
    for (const [prefix, module] of this.#walk()) {
      module.beforeStateDict();
      const members = [...module.#members()];
      for (const kind of [Parameter, Buffer]) {
        for (const [name, { value, persistent }] of members) {
          if (persistent && value instanceof kind) named.set(`${prefix}${name}`, value);
        }
      }
    }
    return named;
  }

  /**
   * Copies values into the parameters and persistent buffers of the same names. Everything is checked
   * before anything changes.
   *
   * @param source Values, or another module's state dict.
   * @returns What was left out because it does not fit; with `strict` nothing ever is.
   * @throws StateDictError when `strict` and anything does not fit.
   */
  loadStateDict(
    source: ReadonlyMap<string, StateDictValue | Variable>,
    options?: LoadStateDictOptions,
  ): IncompatibleKeys {
    return loadStateDict(this.stateDict(), source, options);
  }

  /**
   * The module at a path of checkpoint names, such as `"backbone.bottom_up.res4"`; the empty path is this.
   *
   * @param kind Class it has to be of; the result has its type.
   * @throws SubmoduleError when there is none, or one of another class.
   */
  getSubmodule(path: string): AnyModule;
  getSubmodule<M>(path: string, kind: abstract new (...args: never) => M): M;
  getSubmodule(path: string, kind?: abstract new (...args: never) => unknown): unknown {
    const names = path === "" ? [] : path.split(".");
    const module = names.reduce<AnyModule>((parent, name) => {
      const children = parent.namedChildren();
      const child = children.get(name);
      if (child === undefined) {
        const known = [...children.keys()].join(", ") || "none";
        const detail = `${parent.constructor.name} has no child "${name}"; its children: ${known}`;
        throw new SubmoduleError(path, detail);
      }
      return child;
    }, this);
    if (kind !== undefined && !(module instanceof kind)) {
      throw new SubmoduleError(path, `it is a ${module.constructor.name}, wanted a ${kind.name}`);
    }
    return module;
  }

  /**
   * Puts `replacement` in the place of the module at a path of checkpoint names.
   *
   * @throws SubmoduleError when there is no module to replace.
   */
  setSubmodule(path: string, replacement: AnyModule): void {
    const replaced = this.getSubmodule(path);
    if (replaced === this) throw new SubmoduleError(path, "a module cannot replace itself");
    const dot = path.lastIndexOf(".");
    const parent = this.getSubmodule(path.slice(0, Math.max(dot, 0)));
    const name = path.slice(dot + 1);
    const { property } = parent.#members().get(name)!;
    if (property !== undefined) Reflect.set(parent, property, replacement);
    if (parent.#registered.has(name)) {
      parent.#registered.set(name, { value: replacement, persistent: true });
    }
  }

  /** Calls `visit` with every module, children first. */
  apply(visit: (module: AnyModule) => void): this {
    for (const child of this.children()) child.apply(visit);
    visit(this);
    return this;
  }

  /**
   * Puts this module and all below it in training or out of it. Out of training, operations on parameters
   * record no gradients (except inside `enableGrad`) and their values are compiled into sessions.
   */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode;
    for (const parameter of this.parameters()) parameter.training = mode;
    return this;
  }

  /** Takes this module and all below it out of training; see {@link train}. */
  eval(): this {
    return this.train(false);
  }

  /** Sets whether the parameters of this module and of all below it are to be trained. */
  setRequiresGrad(requiresGrad: boolean): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = requiresGrad;
    return this;
  }

  /** Forgets the gradients accumulated so far. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null;
  }

  /** What the printed module says between its parentheses, apart from children. */
  extraRepr(): string {
    return "";
  }

  /** The tree of modules, one a line. */
  override toString(): string {
    return printModule(this);
  }

  [INSPECT](): string {
    return this.toString();
  }
}

/**
 * A part of a model: owns parameters, buffers and other modules, and is a function. `module(x)` runs the
 * pre-hooks, {@link ModuleBase.forward}, and the hooks.
 *
 * What a module owns is found in its enumerable properties. Their names in checkpoints are the properties'
 * in snake_case: `bottomUp` is `bottom_up`. Private fields (`#cache`) and the contents of arrays are not
 * looked at; use {@link ModuleList} or `registerModule` for those.
 *
 * @example
 * class Scale extends Module<[x: Tensor], Tensor> {
 *   readonly factor = new Parameter(Float32Array.of(1), []);
 *   forward(x: Tensor): Tensor {
 *     return x.mul(this.factor);
 *   }
 * }
 */
export type Module<Args extends unknown[], Out> = ModuleBase<Args, Out> & Callable<Args, Out>;
export const Module = ModuleBase as abstract new <Args extends unknown[], Out>() => Module<
  Args,
  Out
>;
