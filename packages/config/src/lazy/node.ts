/** The property of a {@link LazyNode} that holds what it constructs. A symbol, so that every other property is an option. */
export const TARGET: unique symbol = Symbol.for("@detectron-ts/config/target");

/** What a node can construct: a class or a function that takes one object of options, or nothing. */
export type LazyTarget<Value = unknown> =
  (new (options: never) => Value) | ((options: never) => Value);

/** A call that is written down instead of made: a target and its options, each an ordinary property that can be changed. */
export interface LazyNode<Target extends LazyTarget = LazyTarget> {
  [TARGET]: Target;
}

/**
 * A value that stands elsewhere in the tree, with OmegaConf's meaning of dots: `${.name}` beside this option, `${..name}`
 * beside the node that has it, one level further out for each dot, and `${a.b}` from the root of the tree.
 */
export type Reference = `\${${string}}`;

/** What a target constructs. */
export type ConstructedBy<Target> = Target extends new (options: never) => infer Value
  ? Value
  : Target extends (options: never) => infer Value
    ? Value
    : never;

/** The options that a target takes. */
export type OptionsOf<Target> = Target extends new (options: infer Options) => unknown
  ? Given<Options>
  : Target extends (options: infer Options) => unknown
    ? Given<Options>
    : never;

/** A target without parameters has no options. */
type Given<Options> = unknown extends Options ? object : NonNullable<Options>;

/** True for an object type without methods: data, whose members may be lazy in their turn. */
type IsData<Value> = true extends {
  [Key in keyof Value]-?: NonNullable<Value[Key]> extends (...args: never) => unknown
    ? true
    : false;
}[keyof Value]
  ? false
  : true;

/**
 * What may be written where a value is wanted: the value; a node that constructs it, or a promise of it; a reference; and in
 * sequences and plain data the same for each member.
 */
export type LazyValue<Value> =
  Value | LazyNode<LazyTarget<Value | Promise<Value>>> | Reference | LazyMembers<Value>;

type LazyMembers<Value> = Value extends readonly unknown[]
  ? { readonly [Index in keyof Value]: LazyValue<Value[Index]> }
  : Value extends (...args: never) => unknown
    ? never
    : Value extends object
      ? IsData<Value> extends true
        ? LazyOptions<Value>
        : never
      : never;

/** Options as they may be written in a tree. */
export type LazyOptions<Options> = { readonly [Key in keyof Options]: LazyValue<Options[Key]> };

/**
 * The type of an option in a node, by what was given for it. A node keeps its own type, so that its options can be changed
 * through the tree; a plain value gives way to any value that the target takes.
 */
type Field<Wanted, Got> =
  Got extends LazyNode<LazyTarget>
    ? Got
    : Got extends Reference
      ? LazyValue<Wanted>
      : Got extends readonly (infer Item)[]
        ? [Extract<Item, LazyNode>] extends [never]
          ? Wanted
          : Item[]
        : Got extends Wanted
          ? Wanted
          : Got;

/** A node with its options: those given, and those left out, which may be given later. */
export type Lazy<Target extends LazyTarget, Got> = LazyNode<Target> & {
  -readonly [Key in Extract<keyof Got, keyof OptionsOf<Target>>]-?: Field<
    Exclude<OptionsOf<Target>[Key], undefined>,
    Got[Key]
  >;
} & {
  -readonly [Key in Exclude<keyof OptionsOf<Target>, keyof Got>]?: LazyValue<
    OptionsOf<Target>[Key]
  >;
};

/** Options among which there are none that the target doesn't take. */
type NoOthers<Target, Got> = {
  readonly [Key in keyof Got]: Key extends keyof OptionsOf<Target> | typeof TARGET
    ? Got[Key]
    : never;
};

/** A target that needs no options. */
type WithoutOptions<Target> = object extends OptionsOf<Target> ? Target : never;

/**
 * Writes a construction down instead of making it, so that it can be changed, printed and saved before it is made by
 * `instantiate`. Options are checked against the target's, and wherever a value is wanted, another `lazy` that constructs
 * one will do. Mirrors `detectron2.config.LazyCall`.
 *
 * ```ts
 * const backbone = lazy(FPN, {
 *   bottomUp: lazy(ResNet, {
 *     stem: lazy(BasicStem, { norm: "FrozenBN" }),
 *     stages: lazy(makeDefaultStages, { depth: 50, norm: "FrozenBN" }),
 *     outFeatures: ["res2", "res3", "res4", "res5"],
 *   }),
 *   inFeatures: "${.bottomUp.outFeatures}",
 *   outChannels: 256,
 * });
 * backbone.bottomUp.stages.depth = 101; // a number, and the compiler knows
 * const fpn = instantiate(backbone); //    an FPN
 * ```
 *
 * The node is made of a new object; nodes among the options are taken as they are, so one that stands in two places is
 * changed in both, and constructs an object for each.
 *
 * @param target A class, constructed by `new`, or a function, called.
 * @param options What it is to be given. A copy of another node's options may be among them: its target is replaced.
 */
export function lazy<Target extends LazyTarget>(
  target: Target & WithoutOptions<Target>,
): Lazy<Target, object>;
export function lazy<Target extends LazyTarget, const Got extends LazyOptions<OptionsOf<Target>>>(
  target: Target,
  options: Got & NoOthers<Target, Got>,
): Lazy<Target, Got>;
export function lazy(target: LazyTarget, options: object = {}): LazyNode {
  return nodeOf(target, options);
}

/** A node whose options nobody has checked, as a file has them. */
export function nodeOf(target: LazyTarget, options: object): LazyNode {
  return { ...options, [TARGET]: target };
}

/**
 * {@link lazy} with options left out that are only known later, as an optimizer's model is. They have to be there when the
 * node is instantiated.
 */
export function lazyPartial<
  Target extends LazyTarget,
  const Got extends Partial<LazyOptions<OptionsOf<Target>>>,
>(target: Target, options: Got & NoOthers<Target, Got>): Lazy<Target, Got> {
  return nodeOf(target, options) as Lazy<Target, Got>;
}

/**
 * Sets options of a node, also to values of another kind than those there: a backbone of another class, a reference in
 * place of a number. What `node`'s type says of these options is no longer so; the result's is right.
 */
export function assign<
  Target extends LazyTarget,
  Node extends LazyNode<Target>,
  const Got extends Partial<LazyOptions<OptionsOf<Node[typeof TARGET]>>>,
>(
  node: Node,
  options: Got & NoOthers<Node[typeof TARGET], Got>,
): Omit<Node, keyof Got | typeof TARGET> & Lazy<Node[typeof TARGET], Got> {
  return Object.assign(node, options) as Omit<Node, keyof Got | typeof TARGET> &
    Lazy<Node[typeof TARGET], Got>;
}

/**
 * The options of a node but for some, to be given to another target:
 * `lazy(FCOS, { ...optionsWithout(retinanet, "anchorGenerator"), … })`.
 */
export function optionsWithout<Node extends LazyNode, Key extends Extract<keyof Node, string>>(
  node: Node,
  ...keys: readonly Key[]
): Omit<Node, Key | typeof TARGET> {
  const { [TARGET]: _target, ...options } = node;
  for (const key of keys) Reflect.deleteProperty(options, key);
  return options as Omit<Node, Key | typeof TARGET>;
}

/** Whether a value is a node made by {@link lazy}. */
export function isLazy(value: unknown): value is LazyNode {
  return typeof value === "object" && value !== null && Object.hasOwn(value, TARGET);
}

/** The text inside `${…}` when a value is a {@link Reference}, split at its leading dots. */
export function parseReference(
  value: unknown,
): { readonly levels: number; readonly path: string } | undefined {
  const match = typeof value === "string" ? /^\$\{(\.*)([^{}]*)\}$/.exec(value) : null;
  return match ? { levels: match[1].length, path: match[2] } : undefined;
}

/** A tree in which nothing is shared with the original but values that are neither nodes nor plain data. */
export function cloneLazy<Tree>(tree: Tree): Tree {
  return cloneValue(tree) as Tree;
}

function cloneValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cloneValue);
  if (!isBranch(value)) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, cloneValue(entry)]),
  );
  return isLazy(value) ? { ...copy, [TARGET]: value[TARGET] } : copy;
}

/** Whether a value is a node, a sequence or a plain object: what a tree consists of beside its leaves. */
export function isBranch(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}
